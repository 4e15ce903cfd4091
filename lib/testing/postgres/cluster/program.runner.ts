import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import type { BackendUser } from './backend-user.js';

/** How a program ended. */
export interface ProgramResult {
  ok: boolean;
  /** What it wrote; for a program that did not even start, why. */
  output: string;
}

/**
 * Options for every process of PostgreSQL. It gets no more of our environment than it needs: variables such as
 * PGDATA would lead it astray, and others may hold secrets. Of its own process group, so that Ctrl-C does not reach
 * it before the watchdog does.
 */
export function backendProcessOptions(user: BackendUser['identity']): SpawnOptions {
  const { PATH, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH } = process.env;
  const env = { PATH, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH, LC_ALL: 'C', TZ: 'UTC' };
  return { ...user, env, cwd: '/', detached: true };
}

/** Runs a program to its end. */
export async function runProgram(
  path: string,
  args: string[],
  user: BackendUser['identity'],
  onSpawn?: (pid: number) => void,
  input = '',
): Promise<ProgramResult> {
  try {
    const child: ChildProcess = spawn(path, args, {
      ...backendProcessOptions(user),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) onSpawn?.(child.pid);
    // A program that ends early leaves its input unread; its exit code tells.
    child.stdin?.on('error', () => undefined).end(input);
    const [[code], ...outputs] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      ...[child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
    ]);
    return { ok: code === 0, output: outputs.join('').trim() };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}
