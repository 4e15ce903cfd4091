import { TLSSocket, type ConnectionOptions } from 'node:tls';

import { EntraOptionsError, InsecureConnectionError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';

/** @throws {EntraOptionsError} for options of `node:tls` that let another server answer */
export function checkTls(ssl: ConnectionOptions): void {
  const fix = 'Leave it out, or give "ca" for a private certificate authority.';
  if (!isObject(ssl)) throw new EntraOptionsError('ssl', kindOf(ssl), fix);
  if (ssl.rejectUnauthorized === false) throw new EntraOptionsError('ssl.rejectUnauthorized', 'false', fix);
  if (ssl.checkServerIdentity !== undefined) {
    throw new EntraOptionsError('ssl.checkServerIdentity', 'given', fix);
  }
}

/** @throws {InsecureConnectionError} for a socket whose other end was not verified */
export function checkSocket(socket: unknown): void {
  if (!(socket instanceof TLSSocket && socket.authorized)) {
    throw insecureConnection('Give the client "tls" as entraOauthBearer returned it.');
  }
}

/** @param fix what to do about it */
export function insecureConnection(fix: string): InsecureConnectionError {
  return new InsecureConnectionError(
    'The connection to the broker is not verified TLS; no token was sent.',
    fix,
  );
}
