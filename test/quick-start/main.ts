/**
 * Does what the README says, from an empty folder, with the packed library: `npm run test:quick-start -- --nest 11`.
 * Fails where a login takes more than three minutes, or advice on a laptop without Azure more than five seconds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { ensurePacked } from '../support/build.js';
import { runSuccessfully } from '../support/run-program.js';
import { RunningProgram } from '../support/running-program.js';
import { readQuickStart } from './readme.js';

const { values } = parseArgs({
  options: { nest: { type: 'string', multiple: true, default: ['12', '11'] } },
});
const longestInS = { login: 180, advice: 5 };
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

async function timed<T>(what: string, work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const begin = performance.now();
  const value = await work();
  const seconds = (performance.now() - begin) / 1_000;
  tell(`${seconds.toFixed(1).padStart(7)} s  ${what}`);
  return { seconds, value };
}

/** Types a line into a shell. Nothing answers a question there. */
function type(folder: string, line: string): Promise<{ stdout: string }> {
  const env = { npm_config_yes: 'true', npm_config_fund: 'false', npm_config_audit: 'false', NO_COLOR: '1' };
  return runSuccessfully('bash', ['-c', line], { cwd: folder, env, timeoutInMs: 600_000 });
}

/** Follows the README up to the login, and returns how long it took. */
async function logIn(major: number, folder: string): Promise<number> {
  const { create, installs, files, start, output } = await readQuickStart(major);
  const tarball = await ensurePacked();
  let total = 0;
  const typed = async (cwd: string, line: string, as = line): Promise<string> => {
    const { seconds, value } = await timed(line, () => type(cwd, as));
    total += seconds;
    return value.stdout;
  };
  await typed(dirname(folder), create, `${create} --package-manager npm --skip-git`);
  await typed(folder, installs[0], installs[0].replace(' nestjs-entra-auth ', ` '${tarball}' `));
  await typed(folder, installs[1]);
  for (const { path, text } of files) await writeFile(join(folder, path), text);
  const said = await typed(folder, start);
  if (!said.includes(output)) throw new Error(`The login did not print ${output}, but:\n${said}`);
  return total;
}

/** Starts the application where nothing is configured, and returns how long the advice took. */
async function askForAdvice(folder: string): Promise<number> {
  await type(folder, 'npx nest build');
  const home = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-home-'));
  try {
    const { seconds } = await timed('node dist/main.js, with nothing configured: advice', async () => {
      await using application = RunningProgram.node(['dist/main.js'], {
        cwd: folder,
        env: { HOME: home },
      });
      await application.said(/On a developer's machine .*`az login`/);
      const { code } = await application.end();
      if (code !== 1) throw new Error(`It ended with ${code}.`);
    });
    return seconds;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

for (const major of values.nest.map(Number)) {
  const empty = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-quick-start-'));
  const folder = join(empty, 'my-app');
  try {
    tell(`Nest ${major}`);
    const login = await logIn(major, folder);
    tell(`${login.toFixed(1).padStart(7)} s  from an empty folder to a login`);
    const advice = await askForAdvice(folder);
    if (login > longestInS.login || advice > longestInS.advice) process.exitCode = 1;
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
}
