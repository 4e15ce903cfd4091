import type { KeyObject } from 'node:crypto';
import { TokenRefusedError } from '../token-refused.error.js';
import type { VerifiedClaims } from '../verified-claims.js';
import type { JsonWebToken } from './json-web-token.loader.js';
import type { TokenExpectation } from './token-expectation.js';

/** Checks access tokens as an API does that trusts the local Entra, without any tolerance in time. */
export class TokenVerifier {
  constructor(
    private readonly jwt: JsonWebToken,
    private readonly publicKey: KeyObject,
    private readonly tenantId: string,
    private readonly now: () => number,
  ) {}

  /** @throws TokenRefusedError */
  verify(token: string, expected: TokenExpectation): VerifiedClaims {
    const claims = this.signedClaims(token);
    const tenants = list(expected.tenantId ?? this.tenantId);
    if (!tenants.includes(claims.tid) || claims.iss !== `https://sts.windows.net/${claims.tid}/`) {
      throw new TokenRefusedError(
        'tenant',
        `The token was issued by ${claims.iss} for tenant ${claims.tid}, not for ${tenants.join(' or ')}.`,
      );
    }
    const audiences = list(expected.audience);
    if (!audiences.includes(claims.aud)) {
      throw new TokenRefusedError(
        'audience',
        `The token is for ${claims.aud}, not for ${audiences.join(' or ')}.`,
      );
    }
    const now = this.now() / 1000;
    if (now < claims.nbf) {
      throw new TokenRefusedError('not-yet-valid', `The token is not valid before ${isoTime(claims.nbf)}.`);
    }
    if (now >= claims.exp) {
      throw new TokenRefusedError('expired', `The token expired at ${isoTime(claims.exp)}.`);
    }
    return claims;
  }

  private signedClaims(token: string): VerifiedClaims {
    const claims: unknown = this.jwt.decode(token);
    if (!isVerifiable(claims)) {
      throw new TokenRefusedError(
        'malformed',
        'The token is not a JWT with the claims of an Entra access token.',
      );
    }
    try {
      this.jwt.verify(token, this.publicKey, {
        algorithms: ['RS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
    } catch {
      throw new TokenRefusedError('signature', 'The token was not signed by this Entra.');
    }
    return claims;
  }
}

function isVerifiable(claims: unknown): claims is VerifiedClaims {
  if (typeof claims !== 'object' || claims === null) return false;
  const { aud, iss, oid, tid, iat, nbf, exp } = claims as Partial<VerifiedClaims>;
  return (
    [aud, iss, oid, tid].every((claim) => typeof claim === 'string') &&
    [iat, nbf, exp].every((claim) => typeof claim === 'number')
  );
}

function list(values: string | readonly string[]): readonly string[] {
  return typeof values === 'string' ? [values] : values;
}

function isoTime(seconds: number): string {
  return Number.isFinite(seconds) && Math.abs(seconds) < 8.64e12
    ? new Date(seconds * 1000).toISOString()
    : String(seconds);
}
