import { isIP } from 'node:net';
import { checkServerIdentity, TLSSocket } from 'node:tls';

import { InsecureConnectionError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';

/** The option `authPlugins` of `mysql2`, with the one plugin that takes access tokens. */
export type EntraMySqlAuthPlugins = Record<
  'mysql_clear_password',
  (login: { connection: object }) => () => Promise<Buffer>
>;

/** What the plugin needs of `EntraTokenService`. */
interface MySqlTokens {
  passwordProvider(resource?: string): () => Promise<string>;
}

const fix =
  'Give "ssl": { verifyIdentity: true }, with { ca } for a private certificate authority, and a name that is in the certificate as "host".';

/**
 * Lets `mysql2` log in to Azure Database for MySQL with access tokens: each new connection presents the one that is
 * valid at that moment. The token travels as a clear password, so it is given only to a connection whose TLS is
 * verified, the host name included, which `mysql2` itself checks with `ssl: { verifyIdentity: true }` only.
 *
 * A login that is not given a token ends with an error of `mysql2` (`code` `AUTH_SWITCH_PLUGIN_ERROR`), whose `cause`
 * is an {@link InsecureConnectionError} or what `getToken` threw.
 *
 * @param tokens whose token is the password
 * @param resource name of a configured resource. Default: `'mysql'`
 * @returns the option `authPlugins` of `mysql2`; with TypeORM it goes into `extra`
 * @throws {UnknownResourceError} at once, for a name that is not configured
 * @see https://learn.microsoft.com/azure/mysql/flexible-server/security-entra-authentication
 */
export function entraMySqlAuthPlugins(tokens: MySqlTokens, resource = 'mysql'): EntraMySqlAuthPlugins {
  const currentToken = tokens.passwordProvider(resource);
  return {
    mysql_clear_password:
      ({ connection }) =>
      async () => {
        try {
          checkConnection(connection);
          return Buffer.from(`${await currentToken()}\0`);
        } catch (error) {
          // A copy, since mysql2 writes a code of its own into what it gets, and others may hold the same error.
          throw new Error(asError(error).message, { cause: error });
        }
      },
  };
}

/** The part of a connection of `mysql2` that decides whether a token may be sent. */
interface MySqlConnection {
  stream?: unknown;
  config?: { host?: unknown; ssl?: { verifyIdentity?: unknown } | false; debug?: unknown };
}

/** @throws {InsecureConnectionError} */
function checkConnection(connection: object): void {
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

/** Looks at the connection as it is: TLS, by a trusted authority, to the host that was asked for. */
function whyUnverified(
  stream: unknown,
  host: string,
  ssl: { verifyIdentity?: unknown } | false | undefined,
): string | undefined {
  if (!(stream instanceof TLSSocket)) return 'it is not TLS';
  if (!stream.authorized) return asError(stream.authorizationError).message;
  if (!ssl || ssl.verifyIdentity !== true) return '"ssl.verifyIdentity" is not true';
  if (isIP(host) !== 0) return 'mysql2 does not compare an address with the certificate';
  // A resumed session shows no certificate: mysql2 resumes only what it has verified for the same host and options.
  if (stream.isSessionReused()) return undefined;
  return checkServerIdentity(host, stream.getPeerCertificate())?.message;
}
