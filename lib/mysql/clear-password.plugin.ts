import { asError } from '../common/thrown.js';
import { checkConnection } from './connection-guard.js';

/** The option `authPlugins` of `mysql2`, with the one plugin that takes access tokens. */
type ClearPasswordPlugin<Connection> = Record<
  'mysql_clear_password',
  (login: { connection: Connection }) => () => Promise<Buffer>
>;

/**
 * Answers a server that asks for the password in clear with a token, once the connection is verified.
 *
 * @param tokenFor returns the token for a connection
 * @param check a check of the caller's own, which is made first
 */
export function clearPasswordPlugin<Connection extends object>(
  tokenFor: (connection: Connection) => Promise<string>,
  check: (connection: Connection) => void = () => undefined,
): ClearPasswordPlugin<Connection> {
  return {
    mysql_clear_password:
      ({ connection }) =>
      async () => {
        try {
          check(connection);
          checkConnection(connection);
          return Buffer.from(`${await tokenFor(connection)}\0`);
        } catch (error) {
          // A copy, since mysql2 writes a code of its own into what it gets, and others may hold the same error.
          throw new Error(asError(error).message, { cause: error });
        }
      },
  };
}
