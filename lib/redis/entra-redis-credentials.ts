import { EntraOptionsError } from '../common/entra-auth.error.js';
import { CredentialsProvider } from './credentials-provider.js';
import { RedisLogins, type RedisLoginOptions, type RedisTokenSource } from './redis-logins.js';

/** User name and password, as `redis` takes them. */
export interface RedisBasicAuth {
  /** The object id of the identity. */
  username: string;
  /** The access token. A secret: never log it. */
  password: string;
}

/** What a client of `redis` listens by. */
export interface RedisCredentialsListener {
  /** Called with each new login. */
  onNext: (credentials: RedisBasicAuth) => void;
  /** Called when there is no new login. */
  onError: (error: Error) => void;
}

/** The option `credentialsProvider` of `redis` (node-redis). */
export interface EntraRedisCredentials {
  /** The kind of provider that node-redis knows. */
  readonly type: 'streaming-credentials-provider';
  /** Called by the client for each connection. */
  subscribe(listener: RedisCredentialsListener): Promise<[RedisBasicAuth, { dispose(): void }]>;
  /** Called by the client when it could not log in anew. */
  onReAuthenticationError(error: Error): void;
}

/** Options of `entraRedisCredentials`. */
export interface EntraRedisCredentialsOptions extends RedisLoginOptions {
  /**
   * The provider sees no connection, so it cannot check any. **A client whose TLS is not verified sends the token to
   * whatever server answers.**
   */
  dangerouslySendTokenWithoutVerifiedTls: true;
}

/**
 * The credentials provider of `entraNodeRedisOptions` alone, for what takes a provider but no options of a client. It cannot
 * see whom the token goes to, and is refused without the option that admits this.
 *
 * @param tokens whose token is the password
 * @returns the option `credentialsProvider` of `redis`
 * @throws {UnknownResourceError} at once, for a name that is not configured
 * @throws {EntraOptionsError} for an empty user name, and without the option
 */
export function entraRedisCredentials(
  tokens: RedisTokenSource,
  options: EntraRedisCredentialsOptions,
): EntraRedisCredentials {
  // Callers in JavaScript may leave it out.
  if ((options as Partial<typeof options> | undefined)?.dangerouslySendTokenWithoutVerifiedTls !== true) {
    throw new EntraOptionsError(
      'dangerouslySendTokenWithoutVerifiedTls',
      'not true, and the provider cannot see whether TLS is verified',
      'Write createClient(entraNodeRedisOptions(tokens, { socket: { host } })).',
    );
  }
  const logins = new RedisLogins(tokens, options);
  return new CredentialsProvider(logins, { server: 'the server', check: () => undefined }).asOption();
}
