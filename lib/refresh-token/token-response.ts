import { inspect } from 'node:util';

import type { Timestamp } from '../common/clock.js';

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
  /** When the response arrived. */
  receivedOnTimestamp: Timestamp;
}

const hidden = '[hidden]';

/**
 * A response of the token endpoint, frozen. Its tokens and unknown members are reachable by name only: `util.inspect`,
 * `console.log`, `JSON.stringify` and spreading do not show them.
 *
 * Members have the names and units of the wire: seconds. Those that end in `Timestamp` are in milliseconds since the Unix
 * epoch.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export class TokenResponse {
  readonly #accessToken: string;
  readonly #refreshToken: string | undefined;
  readonly #idToken: string | undefined;
  readonly #additional: Readonly<Record<string, unknown>>;
  /** Always `Bearer`. */
  readonly tokenType = 'Bearer';
  /** The granted scopes, separated by blanks. Absent: those requested. */
  readonly scope?: string;
  /** The resource of the access token. Sent by endpoints of version 1.0. */
  readonly resource?: string;
  /** How long the access token lives, in seconds. */
  readonly expiresIn: number;
  /** How long the access token may serve while Entra is down, in seconds. */
  readonly extExpiresIn?: number;
  /** After how long the access token should be refreshed, in seconds. */
  readonly refreshIn?: number;
  /** When the access token becomes valid, in seconds since the Unix epoch. Sent by endpoints of version 1.0. */
  readonly notBefore?: number;
  /** When the access token expires, in seconds since the Unix epoch; by the server's clock if it sent `expires_on`. */
  readonly expiresOn: number;
  /** When the response arrived, by this machine's clock. */
  readonly receivedOnTimestamp: Timestamp;
  /** When the access token expires, by this machine's clock. */
  readonly expiresOnTimestamp: Timestamp;
  /** When the access token should be refreshed, by this machine's clock. Set if the server sent `refresh_in`. */
  readonly refreshAfterTimestamp?: Timestamp;

  /** @internal */
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

  /** The access token. A secret: never log it. */
  get accessToken(): string {
    return this.#accessToken;
  }

  /** The successor of the redeemed refresh token. Absent: that one stays in use. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /**
   * The id token as received. Not validated: check signature, issuer, audience and times before relying on its claims.
   */
  get idToken(): string | undefined {
    return this.#idToken;
  }

  /** Unknown members, as received. They may be secret. */
  get additional(): Readonly<Record<string, unknown>> {
    return this.#additional;
  }

  /** For `JSON.stringify`: shows which tokens there are, without their values. */
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

  /** Shows times and scopes, and no token. */
  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}
