import { isIP } from 'node:net';
import { checkServerIdentity, TLSSocket } from 'node:tls';

import { InsecureConnectionError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';

const fix =
  'Give "ssl": { verifyIdentity: true }, with { ca } for a private certificate authority, and a name that is in the certificate as "host".';

/** The part of a connection of `mysql2` that decides whether a token may be sent. */
interface MySqlConnection {
  stream?: unknown;
  config?: {
    host?: unknown;
    port?: unknown;
    ssl?: { verifyIdentity?: unknown } | false;
    debug?: unknown;
  };
}

/**
 * Checks a connection that asks for a token.
 *
 * @throws {InsecureConnectionError} when it is not verified TLS, or mysql2 would print the token
 */
export function checkConnection(connection: object): void {
  const { stream, config } = connection as MySqlConnection;
  if (config?.debug) {
    const problem =
      'The option "debug" of mysql2 prints every packet, the one with the token too; none was sent.';
    throw new InsecureConnectionError(problem, 'Leave "debug" out.');
  }
  const host = String(config?.host);
  const reason = whyUnverified(stream, host, config?.ssl);
  if (reason === undefined) return;
  throw new InsecureConnectionError(
    `The connection to "${host}" is not verified: ${reason}. No token was sent.`,
    fix,
  );
}

/**
 * Checks that a connection leads to the server that was configured.
 *
 * @throws {InsecureConnectionError}
 */
export function checkTarget(
  connection: object,
  { name, host, port }: { name: string; host: string; port: number },
): void {
  const { config } = connection as MySqlConnection;
  if (config?.host === host && config.port === port) return;
  const what = `The host "${String(config?.host)}" with the port ${String(config?.port)}`;
  const problem = `${what} is not configured for the data source "${name}"; no token was sent.`;
  throw new InsecureConnectionError(problem, 'Configure the host in the data source options.');
}

/** Looks at the connection as it is: TLS, by a trusted authority, to the host that was asked for. */
function whyUnverified(
  stream: unknown,
  host: string,
  ssl: { verifyIdentity?: unknown } | false | undefined,
): string | undefined {
  if (!(stream instanceof TLSSocket)) return 'it is not TLS';
  // mysql2 lists what it gives to Node.js, which trusts the authorities in this one, too.
  if ('pfx' in Object.prototype) return 'another package has set "pfx" on Object.prototype';
  if (!stream.authorized) return asError(stream.authorizationError).message;
  if (!ssl || ssl.verifyIdentity !== true) return '"ssl.verifyIdentity" is not true';
  if (isIP(host) !== 0) return 'mysql2 does not compare an address with the certificate';
  // A resumed session shows no certificate: mysql2 resumes only what it has verified for the same host and options.
  if (stream.isSessionReused()) return undefined;
  return checkServerIdentity(host, stream.getPeerCertificate())?.message;
}
