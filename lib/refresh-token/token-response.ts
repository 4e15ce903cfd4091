import { inspect } from 'node:util';

/** The members of a response, with numbers as numbers. */
export interface TokenResponseInit {
  accessToken: string;
  refreshToken: string | undefined;
  idToken: string | undefined;
  scope: string | undefined;
  resource: string | undefined;
  expiresIn: number;
  extExpiresIn: number | undefined;
  refreshIn: number | undefined;
  notBefore: number | undefined;
  expiresOn: number | undefined;
  additional: Readonly<Record<string, unknown>>;
  /** When the response arrived, in milliseconds since 1970. */
  receivedOnTimestamp: number;
}

const hidden = '[hidden]';

/**
 * Everything that the token endpoint answered. It cannot be changed. The tokens, and members that this package does
 * not know, are reachable by name only: `util.inspect`, `console.log`, `JSON.stringify` and spreading do not show them.
 *
 * Members are named as on the wire and have its units: seconds. What ends in `Timestamp` is in milliseconds since 1970.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export class TokenResponse {
  readonly #accessToken: string;
  readonly #refreshToken: string | undefined;
  readonly #idToken: string | undefined;
  readonly #additional: Readonly<Record<string, unknown>>;
  readonly tokenType = 'Bearer';
  /** What the access token may do, separated by blanks. Absent: what was asked for. */
  readonly scope?: string;
  /** Whom the access token is for; endpoints of version 1.0 say so. */
  readonly resource?: string;
  /** How long the access token lives, in seconds. */
  readonly expiresIn: number;
  /** How long the access token may serve while Entra is down, in seconds. */
  readonly extExpiresIn?: number;
  /** After which time the access token should be replaced, in seconds. */
  readonly refreshIn?: number;
  /** From when on the access token is valid, in seconds since 1970; endpoints of version 1.0 say so. */
  readonly notBefore?: number;
  /** When the access token expires, in seconds since 1970, by the server's clock if the server said so. */
  readonly expiresOn: number;
  /** When the response arrived, by this machine's clock. */
  readonly receivedOnTimestamp: number;
  /** When the access token expires, by this machine's clock. */
  readonly expiresOnTimestamp: number;
  /** When the access token should be replaced, by this machine's clock. Set when the server sent `refresh_in`. */
  readonly refreshAfterTimestamp?: number;

  /** @internal made from a response */
  constructor(init: TokenResponseInit) {
    this.#accessToken = init.accessToken;
    this.#refreshToken = init.refreshToken;
    this.#idToken = init.idToken;
    this.#additional = init.additional;
    const { receivedOnTimestamp, expiresIn, refreshIn } = init;
    this.expiresIn = expiresIn;
    this.receivedOnTimestamp = receivedOnTimestamp;
    this.expiresOnTimestamp = receivedOnTimestamp + expiresIn * 1000;
    this.expiresOn = init.expiresOn ?? Math.floor(this.expiresOnTimestamp / 1000);
    if (init.scope !== undefined) this.scope = init.scope;
    if (init.resource !== undefined) this.resource = init.resource;
    if (init.extExpiresIn !== undefined) this.extExpiresIn = init.extExpiresIn;
    if (init.notBefore !== undefined) this.notBefore = init.notBefore;
    if (refreshIn !== undefined) {
      this.refreshIn = refreshIn;
      this.refreshAfterTimestamp = receivedOnTimestamp + refreshIn * 1000;
    }
    Object.freeze(this);
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  /** The successor of the refresh token that was redeemed. Absent: that one goes on. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /**
   * As it came, not validated: nobody is signed in with it here. Whoever relies on its claims must check its signature,
   * issuer, audience and times first.
   */
  get idToken(): string | undefined {
    return this.#idToken;
  }

  /** Members that have no name here, as they came. They may be secret. */
  get additional(): Readonly<Record<string, unknown>> {
    return this.#additional;
  }

  /** For `JSON.stringify`: which tokens there are, not what they are. */
  toJSON(): Record<string, unknown> {
    const shown = Object.fromEntries(Object.entries(this)) as Record<string, unknown>;
    return {
      ...shown,
      accessToken: hidden,
      ...(this.#refreshToken !== undefined && { refreshToken: hidden }),
      ...(this.#idToken !== undefined && { idToken: hidden }),
      ...(Object.keys(this.#additional).length > 0 && { additional: hidden }),
    };
  }

  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}
