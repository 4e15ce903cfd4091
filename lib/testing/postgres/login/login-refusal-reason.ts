import type { TokenRefusedReason } from '../../token-refused.error.js';

/**
 * Why a login was refused: what was wrong with the token, or
 *
 * - `no-encryption`: the client did not ask for TLS; it was refused before it could send its token
 * - `unknown-role`: no Entra role has the user name that the client gave
 * - `wrong-principal`: the token is good, but its `oid` is not the role's
 * - `revoked`: the token was revoked by the test, before its expiry
 */
export type LoginRefusalReason =
  TokenRefusedReason | 'no-encryption' | 'unknown-role' | 'wrong-principal' | 'revoked';
