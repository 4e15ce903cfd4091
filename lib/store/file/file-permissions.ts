/** What `stat` says, as far as it matters here. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/** What is wrong with the permissions, and the command that repairs them. */
export interface PermissionFault {
  readonly problem: string;
  readonly fix: string;
}

/**
 * What is wrong with the permissions of a file that holds a refresh token: whoever can read it can sign in.
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
        `Run: chmod ${groupAllowed ? '660' : '600'} '${path}'. Whoever could read it has the refresh token: sign in again ` +
        `if that was anybody. On a Kubernetes volume with an fsGroup, set "allowGroupAccess": true.`,
    };
  }
  if (uid === user || groupAllowed) return undefined;
  return {
    problem: `The file ${path} belongs to the user ${uid}, and this process runs as the user ${user}.`,
    fix: `Run: chown ${user} '${path}'. Or run as the user ${uid}.`,
  };
}

/**
 * What is wrong with the permissions of the directory: whoever can replace the file can plant a token of their own. A
 * group may write there, since Kubernetes makes volumes so; all others only where they cannot touch what is not theirs.
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
