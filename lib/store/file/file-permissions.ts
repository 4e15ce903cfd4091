/** The part of a `stat` result that is checked. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/** A fault of the permissions, and the command that repairs it. */
export interface PermissionFault {
  readonly problem: string;
  readonly fix: string;
}

/**
 * Checks the permissions of a file that holds a refresh token, since reading it is enough to sign in.
 *
 * @param user the effective user id of this process; `undefined` on Windows, where modes mean nothing
 */
export function filePermissionFault(
  path: string,
  { mode, uid }: Ownership,
  user: number | undefined,
  groupAllowed: boolean,
): PermissionFault | undefined {
  if (user === undefined) return undefined;
  const others = mode & (groupAllowed ? 0o007 : 0o077);
  if (others !== 0) {
    return {
      problem: `The file ${path} can be read or written by others (mode ${octal(mode)}).`,
      fix:
        `Run: chmod ${groupAllowed ? '660' : '600'} '${path}'. If another user may have read the file, revoke the sign-in and ` +
        `sign in again. On a Kubernetes volume with an fsGroup, set "allowGroupAccess": true.`,
    };
  }
  if (uid === user || groupAllowed) return undefined;
  return {
    problem: `The file ${path} belongs to the user ${uid}, and this process runs as the user ${user}.`,
    fix: `Run: chown ${user} '${path}'. Or run as the user ${uid}.`,
  };
}

/**
 * Checks the permissions of the directory, since a user who can replace the file can plant a token. A group may write,
 * as on volumes of Kubernetes; all users only in a sticky directory, where they cannot replace the files of others.
 */
export function directoryPermissionFault(
  path: string,
  { mode }: Ownership,
  user: number | undefined,
): PermissionFault | undefined {
  const sticky = (mode & 0o1000) !== 0;
  if (user === undefined || sticky || (mode & 0o002) === 0) return undefined;
  return {
    problem: `The directory ${path} can be written by everybody (mode ${octal(mode)}).`,
    fix: `Run: chmod o-w '${path}'`,
  };
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');
