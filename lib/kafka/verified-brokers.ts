import { checkServerIdentity, TLSSocket, type ConnectionOptions, type PeerCertificate } from 'node:tls';

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

/**
 * Tells whether the client goes by the TLS options that it was given. kafkajs shows no socket to its provider, but Node.js
 * asks `checkServerIdentity` on each connection whose certificate is trusted, and on no other one.
 */
export class VerifiedBrokers {
  #isVerified = false;

  /** The option of `node:tls`. */
  readonly checkServerIdentity = (host: string, certificate: PeerCertificate): Error | undefined => {
    const error = checkServerIdentity(host, certificate);
    this.#isVerified ||= error === undefined;
    return error;
  };

  /** @throws {InsecureConnectionError} when no connection was verified so far */
  check(): void {
    if (!this.#isVerified) throw insecureConnection('ssl');
  }
}

/** @throws {InsecureConnectionError} for a socket whose other end was not verified */
export function checkSocket(socket: unknown): void {
  if (!(socket instanceof TLSSocket && socket.authorized)) throw insecureConnection('tls');
}

function insecureConnection(option: string): InsecureConnectionError {
  return new InsecureConnectionError(
    'The connection to the broker is not verified TLS; no token was sent.',
    `Give the client "${option}" as entraOauthBearer returned it.`,
  );
}
