import type { VerifiedClaims } from '../../verified-claims.js';

/** What the server reads of a verified token; times in seconds since 1970. */
export type VerifiedToken = Pick<VerifiedClaims, 'oid' | 'iat' | 'exp'>;

/**
 * Checks signature, lifetime, audience and tenant at this moment.
 *
 * @throws TokenRefusedError
 */
export type TokenVerifier = (token: string) => VerifiedToken;
