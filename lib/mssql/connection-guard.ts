import { checkServerIdentity, TLSSocket } from 'node:tls';

import { InsecureConnectionError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';

/** How to have the server verified. */
export const tlsFix =
  'Check the host name, and that the server offers TLS. For a private certificate authority, give it as ' +
  '"options": { cryptoCredentialsDetails: { ca } }.';

/**
 * Checks a connection before it is given a token, as it is: TLS, by a trusted authority, to one of the names.
 * `tedious` before 20 does not insist on TLS.
 *
 * @param hosts the host that was configured, and the one that it named in its place
 * @throws {InsecureConnectionError}
 */
export function checkConnection(socket: unknown, hosts: readonly string[]): void {
  const reason = whyUnverified(socket, hosts);
  if (reason !== undefined) throw unverified(hosts.at(-1), reason);
}

/** The error of a connection that gets no token. */
export function unverified(host: string | undefined, reason: string): InsecureConnectionError {
  const problem = `The connection to "${host}" is not verified: ${reason}. No token was sent.`;
  return new InsecureConnectionError(problem, tlsFix);
}

/** @returns `undefined` for a connection that may be given a token */
export function whyUnverified(socket: unknown, hosts: readonly string[]): string | undefined {
  if (!(socket instanceof TLSSocket)) return 'it is not TLS';
  if (!socket.authorized) return asError(socket.authorizationError).message;
  const certificate = socket.getPeerCertificate();
  const problems = hosts.map((host) => checkServerIdentity(host, certificate)?.message);
  return problems.includes(undefined) ? undefined : problems.at(-1);
}
