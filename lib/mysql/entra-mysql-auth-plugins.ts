import { clearPasswordPlugin } from './clear-password.plugin.js';

/** The option `authPlugins` of `mysql2`, with the one plugin that takes access tokens. */
export type EntraMySqlAuthPlugins = Record<
  'mysql_clear_password',
  (login: { connection: object }) => () => Promise<Buffer>
>;

/** What the plugin needs of `EntraTokenService`. */
interface MySqlTokens {
  passwordProvider(resource?: string): () => Promise<string>;
}

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
  return clearPasswordPlugin(tokens.passwordProvider(resource));
}
