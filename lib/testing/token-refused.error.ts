/**
 * Why a token was refused: not a JWT of the expected shape, signed by another key, past its `exp`, before its `nbf`,
 * issued for another API, or issued by another tenant.
 */
export type TokenRefusedReason =
  'malformed' | 'signature' | 'expired' | 'not-yet-valid' | 'audience' | 'tenant';

/** Thrown by {@link LocalEntra.verifyToken}. The message never contains the token. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';

  /**
   * @param reason - Which check failed.
   * @param message - What was expected and what was found, in words.
   */
  constructor(
    readonly reason: TokenRefusedReason,
    message: string,
  ) {
    super(message);
  }
}
