import { execFile } from 'node:child_process';

/** What a process that has ended left behind. */
export interface ProgramResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  /** Variables to set, or to unset with `undefined`. */
  env?: Record<string, string | undefined>;
  timeoutInMs?: number;
}

// What the test runner sets for itself must not reach the programs under test.
const ofTheRunner = { NODE_OPTIONS: undefined, NODE_ENV: undefined, JEST_WORKER_ID: undefined };
const defaultTimeoutInMs = 280_000;
const maxOutputInBytes = 64 * 1024 * 1024;

/** Runs a program to its end, without an input and without a shell, and returns whatever it did. */
export function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env, timeoutInMs = defaultTimeoutInMs }: RunOptions,
): Promise<ProgramResult> {
  const options = {
    cwd,
    env: { ...process.env, ...ofTheRunner, ...env },
    timeout: timeoutInMs,
    maxBuffer: maxOutputInBytes,
    // npm is a script that only the shell of Windows can start.
    shell: process.platform === 'win32' && program === 'npm',
  };
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
      else reject(new Error(`"${program}" could not be run to its end: ${error.message}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** Like {@link runProgram}, but fails with all that the program said when it does not end well. */
export async function runSuccessfully(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<ProgramResult> {
  const result = await runProgram(program, args, options);
  if (result.exitCode === 0) return result;
  const command = [program, ...args].join(' ');
  throw new Error(`"${command}" ended with ${result.exitCode}:\n${result.stdout}${result.stderr}`);
}
