import { createHash } from 'node:crypto';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';

import { parseHolder, type LockHolder } from './lock-holder.js';
import { randomId } from './process-status.js';

/** A lock file as it was found. */
export interface LockEntry {
  /** The holder's id; derived from the file itself when the content is incomplete. */
  readonly id: string;
  readonly holder: LockHolder | undefined;
  /** Changes with every heartbeat. */
  readonly heartbeat: number;
}

/**
 * Creates a lock file together with its content, so that no process reads an incomplete one.
 *
 * @returns the open file, or `undefined` if a lock file exists
 */
export async function createEntry(path: string, holder: LockHolder): Promise<FileHandle | undefined> {
  const temporary = `${path}.${randomId()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(holder));
    await link(temporary, path);
    return handle;
  } catch (error) {
    await handle.close();
    const code = codeOf(error);
    // ENOENT: the process that got the lock meanwhile has tidied up.
    if (code === 'EEXIST' || code === 'ENOENT') return undefined;
    if (!noHardLinks.includes(code)) throw error;
    return await createInPlace(path, holder);
  } finally {
    await rm(temporary, { force: true });
  }
}

const noHardLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'UNKNOWN'];

/** For file systems without hard links. A holder that dies in between leaves an incomplete entry. */
async function createInPlace(path: string, holder: LockHolder): Promise<FileHandle | undefined> {
  const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  });
  try {
    await handle?.writeFile(JSON.stringify(holder));
    return handle;
  } catch (error) {
    await handle?.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** @returns `undefined` when there is none */
export async function readEntry(path: string): Promise<LockEntry | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const [text, { ino, mtimeMs }] = [await handle.readFile('utf8'), await handle.stat()];
    const holder = parseHolder(text);
    const id = holder?.id ?? createHash('sha256').update(`${ino} ${text}`).digest('hex').slice(0, 16);
    return { id, holder, heartbeat: mtimeMs };
  } finally {
    await handle.close();
  }
}

/** Decides whether a lock file was left behind by a dead holder. */
export type LeftBehind = (path: string, entry: LockEntry) => Promise<boolean>;

/**
 * Removes the lock of one holder, never that of a later holder. The remover first acquires the right to, itself a lock
 * file that is named after the lock: of all processes that found the same dead holder only one goes on, and ids are never
 * reused. A right whose holder died is removed in the same way.
 *
 * @returns whether this call removed it
 */
export async function removeEntry(
  path: string,
  id: string,
  remover: LockHolder,
  leftBehind: LeftBehind,
): Promise<boolean> {
  const right = `${path}.${id}`;
  const handle = await createEntry(right, remover);
  if (handle === undefined) {
    const other = await readEntry(right);
    if (other !== undefined && (await leftBehind(right, other)))
      await removeEntry(right, other.id, remover, leftBehind);
    return false;
  }
  try {
    if ((await readEntry(path))?.id !== id) return false;
    return await takeAway(path, id, `${right}.removed`);
  } finally {
    await handle.close();
    if ((await readEntry(right))?.id === remover.id) await rm(right, { force: true });
  }
}

/** @returns whether there was something to take away: the next holder tidies up what it finds */
async function takeAway(path: string, id: string, aside: string): Promise<boolean> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  // Only after a long standstill elsewhere can this be a live lock. Nothing is found when the next holder, which may exist
  // from now on, has tidied up.
  const caught = await readEntry(aside);
  if (caught !== undefined && caught.id !== id) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return true;
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
