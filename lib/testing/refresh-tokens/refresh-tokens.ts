import type { SignIn } from './sign-in.js';

/**
 * What a refresh token is worth once it has been redeemed.
 *
 * - `keep`: as much as before. Each use brings a new one and does no harm to the old ones, as with Entra.
 * - `strict`: nothing. A client that sends it again loses the whole grant, as with servers that detect reuse.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export type RefreshTokenRotation = 'keep' | 'strict';

/**
 * The refresh tokens of the local Entra, and what has become of them. A grant is a sign-in with every refresh token
 * that descends from it. Version 2.0 of the endpoint sends a new one only to a client that asks for `offline_access`.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens
 */
export interface RefreshTokens {
  /** For uses from now on. @default 'keep' */
  rotation: RefreshTokenRotation;
  /** Signs a person in, and gives the first refresh token of the new grant. */
  issue(signIn?: SignIn): string;
  /** Whether the token could be redeemed at this moment. */
  accepts(token: string): boolean;
  /** Ends this token as its lifetime would: AADSTS700082, or 700084 for a single-page application. */
  expire(token: string): void;
  /** Revokes the grant of the token, as a changed password does: AADSTS50173. */
  revoke(token: string): void;
  /**
   * Answers every token of the grant with this AADSTS code from now on: 65001 for a consent that was withdrawn, 50076 for
   * multi-factor authentication, 50057 for a disabled account.
   */
  refuse(token: string, code: number): void;
  /** How often a refresh token was redeemed, also when a fault has spoilt the answer. */
  readonly redemptions: number;
  /** How many grants were revoked since a used refresh token came again. */
  readonly reuseRevocations: number;
}
