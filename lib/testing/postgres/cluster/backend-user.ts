import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

import { LocalPostgresError } from '../local-postgres.error.js';

/** Who runs PostgreSQL. */
export interface BackendUser {
  /** Given to every process that is started; empty when it is simply ourselves. */
  identity: { uid?: number; gid?: number };
  /** Name of *our* user: the one whom PostgreSQL's `peer` method sees at the other end of its socket. */
  gatewayUser: string;
}

/** PostgreSQL refuses to run as root; then it runs as `nobody`. */
export function chooseBackendUser(): BackendUser {
  const gatewayUser = ownName();
  return { gatewayUser, identity: process.getuid?.() === 0 ? identityOfNobody() : {} };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new LocalPostgresError(
      'start-failed',
      `PostgreSQL needs a user with a name, and user id ${process.getuid?.()} has no entry in /etc/passwd.`,
      { cause },
    );
  }
}

function identityOfNobody(): { uid: number; gid: number } {
  const entry = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (entry) return { uid: Number(entry[1]), gid: Number(entry[2]) };
  throw new LocalPostgresError(
    'start-failed',
    'PostgreSQL refuses to run as root, and there is no user "nobody" to run it as.',
  );
}
