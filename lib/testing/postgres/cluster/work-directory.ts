import { randomBytes } from 'node:crypto';
import { accessSync, chownSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { LocalPostgresError } from '../local-postgres.error.js';
import type { BackendUser } from './backend-user.js';

/** The longest socket path that every supported system takes (macOS has the smallest limit). */
const MAX_SOCKET_PATH = 103;
const SOCKET_NAME = '.s.PGSQL.5432';

/** The file system in memory that Linux has; a container may have but a little of it. */
const MEMORY_DIRECTORY = '/dev/shm';
const MEMORY_NEEDED_IN_BYTES = 512 * 1024 * 1024;

/** Path of PostgreSQL's socket in a work directory; 5432 is only a part of its name. */
export function socketPath(workDirectory: string): string {
  return join(workDirectory, SOCKET_NAME);
}

/**
 * Makes the directory of one server, which only PostgreSQL's user may enter.
 *
 * @param announce is told the path before the directory exists, so that no moment is left without a cleaner.
 * @param place `memory` where there is enough of it and TMPDIR names no other place; programs may not run there.
 */
export function makeWorkDirectory(
  user: BackendUser['identity'],
  announce: (path: string) => void,
  place: 'memory' | 'disk',
): string {
  const name = `entra-postgres-${randomBytes(6).toString('hex')}`;
  const inMemory = place === 'memory' && process.env.TMPDIR === undefined && hasMemoryToSpare();
  const path = join(inMemory ? MEMORY_DIRECTORY : chooseParent(name, user.uid !== undefined), name);
  announce(path);
  mkdirSync(path, { mode: 0o700 });
  give(path, user);
  return path;
}

/** Hands a file or directory to PostgreSQL's user. */
export function give(path: string, { uid, gid }: BackendUser['identity']): void {
  // macOS writes its "nobody" as -2, which chown takes only as an unsigned number.
  if (uid !== undefined && gid !== undefined) chownSync(path, uid >>> 0, gid >>> 0);
}

function hasMemoryToSpare(): boolean {
  try {
    accessSync(MEMORY_DIRECTORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY_DIRECTORY);
    return bavail * bsize >= MEMORY_NEEDED_IN_BYTES;
  } catch {
    return false;
  }
}

function chooseParent(name: string, forOtherUser: boolean): string {
  const parent = [tmpdir(), '/tmp'].find(
    (candidate) =>
      Buffer.byteLength(socketPath(join(candidate, name))) <= MAX_SOCKET_PATH &&
      (!forOtherUser || isOpenToOthers(resolve(candidate))),
  );
  if (parent !== undefined) return parent;
  throw new LocalPostgresError(
    'directory-not-usable',
    `PostgreSQL's socket does not fit into "${tmpdir()}": its path would be longer than ${MAX_SOCKET_PATH} bytes, ` +
      'or the directory is closed to other users. Set the environment variable TMPDIR to a shorter, open one.',
  );
}

function isOpenToOthers(directory: string): boolean {
  const parent = dirname(directory);
  const open = (statSync(directory).mode & 0o001) !== 0;
  return open && (parent === directory || isOpenToOthers(parent));
}
