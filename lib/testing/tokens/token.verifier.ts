import { TokenRefusedError } from '../token-refused.error.js';
import type { JsonWebToken } from '../optional-packages.js';
import type { SigningKeys } from './signing-keys.js';
import type { TokenExpectation, VerifiedClaims } from './verified-token.js';

/** Checks access tokens as an API does that trusts the local Entra, without any tolerance in time. */
export class TokenVerifier {
  constructor(
    private readonly jwt: JsonWebToken,
    private readonly keys: SigningKeys,
    /** Base address of the authority. */
    private readonly host: string,
    private readonly tenantId: string,
    private readonly now: () => number,
  ) {}

  /** @throws TokenRefusedError */
  verify(token: string, expected: TokenExpectation): VerifiedClaims {
    const claims = this.signedClaims(token);
    const tenants = list(expected.tenantId ?? this.tenantId);
    if (!tenants.includes(claims.tid) || !this.issues(claims)) {
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

  /** Both versions have an issuer of their own. */
  private issues({ iss, tid }: VerifiedClaims): boolean {
    return iss === `https://sts.windows.net/${tid}/` || iss === `${this.host}/${tid}/v2.0`;
  }

  private signedClaims(token: string): VerifiedClaims {
    const decoded = this.jwt.decode(token, { complete: true });
    const claims: unknown = decoded?.payload;
    if (!isVerifiable(claims)) {
      throw new TokenRefusedError(
        'malformed',
        'The token is not a JWT with the claims of an Entra access token.',
      );
    }
    const key = this.keys.publicKeyOf(decoded?.header.kid);
    try {
      if (key === undefined) throw new Error('The key is not published.');
      this.jwt.verify(token, key, {
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
