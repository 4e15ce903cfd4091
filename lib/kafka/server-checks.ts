import { checkServerIdentity, TLSSocket, type ConnectionOptions } from 'node:tls';

import { EntraOptionsError, InsecureConnectionError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';

/** @throws {EntraOptionsError} for options of `node:tls` that let another server answer */
export function checkTls(ssl: ConnectionOptions): void {
  const fix = 'Leave it out, or give "ca" for a private certificate authority.';
  if (!isObject(ssl)) throw new EntraOptionsError('ssl', kindOf(ssl), fix);
  if (ssl.rejectUnauthorized === false) throw new EntraOptionsError('ssl.rejectUnauthorized', 'false', fix);
  for (const name of ['checkServerIdentity', 'servername'] as const) {
    if (ssl[name] !== undefined) throw new EntraOptionsError(`ssl.${name}`, 'given', fix);
  }
}

/** What `@platformatic/kafka` shows of a connection. */
export interface BrokerConnection {
  readonly host: string | undefined;
  readonly socket: unknown;
}

/** @throws {InsecureConnectionError} for a socket whose other end was not verified to be the broker */
export function checkSocket({ host, socket }: BrokerConnection): void {
  // The client's own options may have replaced the check of the name, or the name.
  const isVerified =
    socket instanceof TLSSocket &&
    socket.authorized &&
    host !== undefined &&
    checkServerIdentity(host, socket.getPeerCertificate()) === undefined;
  if (!isVerified) throw insecureConnection('Give the client "tls" as entraOauthBearer returned it.');
}

/** @param fix what to do about it */
export function insecureConnection(fix: string): InsecureConnectionError {
  return new InsecureConnectionError(
    'The connection to the broker is not verified TLS; no token was sent.',
    fix,
  );
}
