import { RefreshTokenStoreError } from '../refresh-token-store.error.js';
import type { PermissionFault } from './file-permissions.js';
import { codeOf } from './lock-entry.js';

const remedies: Readonly<Record<string, { fix: string; retryable: boolean }>> = {
  ENOENT: { fix: 'Create its directory, with mode 700.', retryable: false },
  ENOTDIR: { fix: 'Give the path of a file in a directory.', retryable: false },
  EISDIR: { fix: 'Give the path of a file, not of a directory.', retryable: false },
  ELOOP: { fix: 'The symbolic link leads to itself: give the path of the file.', retryable: false },
  EACCES: { fix: 'Let the user that this process runs as write to the directory.', retryable: false },
  EPERM: { fix: 'Let the user that this process runs as write to the directory.', retryable: false },
  EROFS: { fix: 'Put the file on a file system that can be written.', retryable: false },
  EBUSY: { fix: 'Mount the directory of the file, not the file itself.', retryable: true },
  ENOSPC: { fix: 'Make room on the disk.', retryable: true },
  EDQUOT: { fix: 'Make room in the quota of the user.', retryable: true },
};

/** Adds the remedy to an error of the file system. Such errors contain paths, never the content of files. */
export function fileFailure(doing: string, path: string, error: unknown): RefreshTokenStoreError {
  const code = codeOf(error);
  const { fix, retryable } = remedies[code] ?? {
    fix: 'Check the disk and the path.',
    retryable: true,
  };
  return new RefreshTokenStoreError(`${doing} the refresh token store ${path} failed (${code}).`, fix, {
    cause: error,
    retryable,
  });
}

export function permissionFailure({ problem, fix }: PermissionFault): RefreshTokenStoreError {
  return new RefreshTokenStoreError(problem, fix, { retryable: false });
}
