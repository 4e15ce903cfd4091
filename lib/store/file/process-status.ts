import { createHash, randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';

import type { LockHolder, ProcessStatus } from './lock-holder.js';

/** A name that no other process uses. */
export const randomId = (): string => randomBytes(8).toString('hex');

/** Describes this process as the holder of a lock, under a new id. */
export async function thisProcess(): Promise<LockHolder> {
  const [place, status] = await Promise.all([thisPlace(), processStatus(process.pid)]);
  const start = status.state === 'running' ? status.start : undefined;
  return {
    id: randomId(),
    pid: process.pid,
    host: hostname(),
    place,
    processStart: start,
  };
}

/** Looks up a process on this machine. Only Linux tells when it was started. */
export async function processStatus(pid: number): Promise<ProcessStatus> {
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
 * Reads a line of `/proc/<pid>/stat`. The name in parentheses may itself contain parentheses.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function parseStat(stat: string): ProcessStatus {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, and only its parent has not noticed.
  if (fields[0] === 'Z' || fields[0] === 'X') return { state: 'gone' };
  return { state: 'running', start: fields[19] };
}

/** Identifies where process ids are comparable: one boot of one machine, and one pid namespace. */
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

// Not every machine has or shows these files.
const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
