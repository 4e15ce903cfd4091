import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { damaged } from '../refresh-token-record.js';
import { fileFailure, permissionFailure } from './file-failure.js';
import { directoryPermissionFault, filePermissionFault } from './file-permissions.js';
import { codeOf } from './lock-entry.js';
import { randomId } from './process-status.js';
import { writeInPlace } from './record-lines.js';

const longestContent = 16 * 1024 * 1024;
const longestChainOfLinks = 40;
const isWindows = process.platform === 'win32';
// Windows has no such flags. A named pipe would be waited for without O_NONBLOCK.
const readFlags = isWindows
  ? constants.O_RDONLY
  : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reads and replaces one file, which holds either the old content or the new one at any time. */
export class TokenFile {
  private constructor(
    /** The real path, without symbolic links. */
    readonly path: string,
    private readonly groupAllowed: boolean,
  ) {}

  /**
   * Finds the file behind a path. A symbolic link stays: the file behind it is replaced.
   *
   * @throws {RefreshTokenStoreError} when its directory does not exist or is world-writable
   */
  static async at(path: string, groupAllowed: boolean): Promise<TokenFile> {
    try {
      const target = await behindLinks(resolve(path));
      const directory = dirname(target);
      const fault = directoryPermissionFault(directory, await stat(directory), process.geteuid?.());
      if (fault !== undefined) throw permissionFailure(fault);
      return new TokenFile(target, groupAllowed);
    } catch (error) {
      throw asFailure('Finding', path, error);
    }
  }

  get lockPath(): string {
    return `${this.path}.lock`;
  }

  /**
   * @returns the content, or `undefined` when there is no file
   * @throws {RefreshTokenStoreError} when other users can read it
   */
  async read(): Promise<string | undefined> {
    try {
      const handle = await open(this.path, readFlags);
      try {
        const status = await handle.stat();
        if (!status.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EISDIR' });
        const fault = filePermissionFault(this.path, status, process.geteuid?.(), this.groupAllowed);
        if (fault !== undefined) throw permissionFailure(fault);
        if (status.size > longestContent) throw damaged(`the file ${this.path}`, 'it is too long');
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw asFailure('Reading', this.path, error);
    }
  }

  /**
   * Replaces the content. It is on the disk when this resolves.
   *
   * @param mayReplace called last, when everything is ready
   * @returns whether it was replaced
   */
  async replace(content: string, mayReplace: () => Promise<boolean>): Promise<boolean> {
    const temporary = `${this.path}.${randomId()}.tmp`;
    try {
      await writeDurably(temporary, content, this.groupAllowed ? 0o660 : 0o600);
      if (!(await mayReplace())) return false;
      // A new holder of the lock removes the files of earlier holders first: then there is nothing to rename.
      const outcome = await renameOver(temporary, this.path);
      if (outcome === 'gone') return false;
      if (outcome === 'busy') {
        await this.#overwrite(content);
        return true;
      }
      await syncDirectory(dirname(this.path));
      return true;
    } catch (error) {
      throw asFailure('Writing', this.path, error);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** For a file that is a mount of its own, as in a container: it cannot be replaced. */
  async #overwrite(content: string): Promise<void> {
    const handle = await open(this.path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await writeInPlace(handle, content);
    } finally {
      await handle.close();
    }
  }

  /**
   * Deletes the file for good. Only for the holder of the lock.
   *
   * @returns whether there was one
   */
  async remove(): Promise<boolean> {
    try {
      await rm(this.path);
      await syncDirectory(dirname(this.path));
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw asFailure('Deleting', this.path, error);
    }
  }

  /** Removes what killed processes left behind. Only for the holder of the lock. */
  async tidy(ownLock: string): Promise<void> {
    const directory = dirname(this.path);
    const names = leftovers(await readdir(directory), basename(this.path), ownLock);
    await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
  }
}

/**
 * Selects the names in a directory of files that a killed process left behind.
 *
 * @param base name of the token file
 * @param ownLock id of the holder of the lock; a live process may hold the right to remove it
 */
export function leftovers(names: readonly string[], base: string, ownLock: string): string[] {
  return names.filter((name) => {
    if (!name.startsWith(`${base}.`)) return false;
    const rest = name.slice(base.length);
    if (/^\.[0-9a-f]{16}\.tmp$/.test(rest)) return true;
    return /^\.lock(\.[0-9a-f]{16})+(\.tmp|\.removed)?$/.test(rest) && !rest.startsWith(`.lock.${ownLock}`);
  });
}

async function behindLinks(path: string, links = 0): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || links > longestChainOfLinks) throw error;
  }
  const directory = await realpath(dirname(path));
  const here = join(directory, basename(path));
  const status = await lstat(here).catch(() => undefined);
  return status?.isSymbolicLink() ? behindLinks(resolve(directory, await readlink(here)), links + 1) : here;
}

async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    // The umask of the process may have removed bits.
    if (!isWindows) await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Retries on Windows, where a file cannot be replaced while another process, such as a virus scanner, has it open.
 *
 * @returns `gone` when there was nothing to rename, `busy` when the file is a mount of its own
 */
async function renameOver(from: string, to: string): Promise<'renamed' | 'gone' | 'busy'> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(from, to);
      return 'renamed';
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'gone';
      if (codeOf(error) === 'EBUSY' && !isWindows) return 'busy';
      const passes = isWindows && ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error));
      if (!passes || attempt === 9) throw error;
      await sleep(10 * 2 ** Math.min(attempt, 5));
    }
  }
}

/** Lets the new name survive a power cut, where the file system can. */
async function syncDirectory(path: string): Promise<void> {
  if (isWindows) return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

function asFailure(doing: string, path: string, error: unknown): Error {
  return isEntraAuthError(error) ? error : fileFailure(doing, path, error);
}
