import { filter, type Subscription } from 'rxjs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { TokenEngine } from '../engine/token-engine.js';
import { readClaims } from '../entra/json-web-token.js';
import type { AccessToken } from '../entra/token-credential.js';
import type { RedisLoginRefusedError } from './redis-login-refused.error.js';

/** What keeps the tokens: an `EntraTokenService`. */
export type RedisTokenSource = Pick<
  TokenEngine,
  'getToken' | 'events' | 'invalidate' | 'state' | 'reportRefusedLogin'
>;

/** Whose token is the password. */
export interface RedisLoginOptions {
  /** Name of a configured resource. @default 'redis' */
  resource?: string;
  /** The user name. @default the claim `oid` of the token, as Azure wants it */
  username?: string;
}

/** User name and token for one AUTH. */
export interface RedisLogin {
  readonly username: string;
  readonly token: AccessToken;
}

/** Takes logins from the tokens of one resource. */
export class RedisLogins {
  readonly resource: string;
  readonly #username: string | undefined;

  /**
   * @throws {UnknownResourceError} for a name that is not configured
   * @throws {EntraOptionsError} for an empty user name
   */
  constructor(
    private readonly tokens: RedisTokenSource,
    { resource = 'redis', username }: RedisLoginOptions,
  ) {
    tokens.state(resource);
    if (username?.trim() === '') {
      throw new EntraOptionsError('username', 'an empty string', 'Leave it out for the "oid" of the token.');
    }
    this.resource = resource;
    this.#username = username;
  }

  /**
   * The login that is valid now: at once while a token is held.
   *
   * @throws {TokenUnavailableError} when there is no token
   * @throws {EntraOptionsError} when the token names no user
   */
  async current(): Promise<RedisLogin> {
    const token = await this.tokens.getToken(this.resource);
    return { token, username: this.#username ?? userOf(token) };
  }

  /** Calls a listener after each new token. */
  onRefresh(listener: () => void): Subscription {
    const isNewToken = filter(
      ({ type, resource }: { type: string; resource: string }) =>
        resource === this.resource && (type === 'refreshed' || type === 'acquired'),
    );
    return this.tokens.events.pipe(isNewToken).subscribe(listener);
  }

  /** Reports that a server refused a login. A token that it refused is replaced. */
  refused({ token }: RedisLogin, error: RedisLoginRefusedError): void {
    if (error.isTokenRefused) this.tokens.invalidate(token);
    this.tokens.reportRefusedLogin(this.resource, error);
  }
}

function userOf({ token }: AccessToken): string {
  const oid = readClaims(token)?.oid;
  if (typeof oid === 'string' && oid !== '') return oid;
  throw new EntraOptionsError(
    'username',
    'missing, and the token has no "oid" to take it from',
    'Give the object id of the identity that has access to the Redis as "username".',
  );
}
