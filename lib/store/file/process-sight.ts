import { createHash, randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';

import type { LockHolder, ProcessSight } from './lock-holder.js';

/** A name that nobody else has. */
export const randomId = (): string => randomBytes(8).toString('hex');

/** This process as a lock's holder, under a new id. */
export async function thisProcess(): Promise<LockHolder> {
  const [place, sight] = await Promise.all([thisPlace(), lookAt(process.pid)]);
  const start = sight.state === 'running' ? sight.start : undefined;
  return {
    id: randomId(),
    pid: process.pid,
    host: hostname(),
    ...(place === undefined ? {} : { place }),
    ...(start === undefined ? {} : { processStart: start }),
  };
}

/** Looks a process up on this machine. Only Linux tells when it was started. */
export async function lookAt(pid: number): Promise<ProcessSight> {
  const stat = process.platform === 'linux' ? await textOf(`/proc/${pid}/stat`) : undefined;
  if (stat !== undefined) return parseStat(stat);
  try {
    process.kill(pid, 0);
    return { state: 'running', start: undefined };
  } catch (error) {
    return { state: (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'hidden' };
  }
}

/**
 * Reads a line of `/proc/<pid>/stat`. The name in brackets may contain anything, brackets too.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function parseStat(stat: string): ProcessSight {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended and only waits for its parent to ask.
  if (fields[0] === 'Z' || fields[0] === 'X') return { state: 'gone' };
  return { state: 'running', start: fields[19] };
}

/** Processes of the same place see each other's ids: one start of one machine, and there one pid namespace. */
async function thisPlace(): Promise<string | undefined> {
  if (process.platform !== 'linux') return digest([hostname(), ...hardwareAddresses()]);
  const [boot, namespace] = await Promise.all([
    textOf('/proc/sys/kernel/random/boot_id'),
    readlink('/proc/self/ns/pid').catch(() => undefined),
  ]);
  return boot === undefined || namespace === undefined ? undefined : digest([hostname(), boot, namespace]);
}

function hardwareAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [...new Set(all.map(({ mac }) => mac))].sort();
}

const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);

// Not every machine has it or shows it; what is not known is then left open.
const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
