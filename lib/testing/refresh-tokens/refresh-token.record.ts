import type { LocalUser } from '../directory/people.js';

/** A sign-in, which every refresh token that descends from it shares. */
export interface SignInRecord {
  user: LocalUser;
  tenantId: string;
  clientId: string;
  scope: string;
  lifetimeInMs: number;
  /** When the last token of a single-page application ends, in milliseconds since 1970; others have no such end. */
  endsAt: number | undefined;
  nonce: string | undefined;
  /** AADSTS code that every request is answered with. */
  refusedWith: number | undefined;
}

/** One refresh token. */
export interface RefreshTokenRecord {
  signIn: SignInRecord;
  /** Milliseconds since 1970. */
  issuedAt: number;
  expiresAt: number;
  used: boolean;
}
