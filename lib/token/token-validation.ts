import { InvalidTokenError } from '../errors/invalid-token.error.js';
import { HeldAccessToken } from './held-access-token.js';
import { readClaims, type AccessTokenClaims } from './json-web-token.js';

/** What a token of the resource must satisfy beyond its own times. */
export interface TokenExpectations {
  /** Accepted values of `aud`. Default: any. */
  audiences?: readonly string[];
  /** Required value of `tid`, a GUID. Default: any. */
  tenantId?: string;
}

// The last point of time that a `Date` can name, for tokens that never expire.
const endOfTime = 8.64e15;

const checkCredential = 'Check the credential that the resource uses.';

/**
 * Checks what a credential returned before anybody is given it, and fixes its times: a JWT expires at its `exp` even
 * if the credential promises more. Opaque tokens pass on `expiresOnTimestamp` alone.
 *
 * @param now milliseconds since the Unix epoch
 * @throws {InvalidTokenError} with the reason, never with the token
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function validateAccessToken(
  value: unknown,
  expected: TokenExpectations,
  now: number,
): HeldAccessToken {
  const { token, expiresOnTimestamp, refreshAfterTimestamp, tokenType } = checkShape(value);
  const claims = readClaims(token);
  const issuerExpiry = seconds(claims?.exp);
  // `iat` in the future shows by how much this machine's clock is behind, which then sees the end too late.
  const behindInMs = Math.max(0, (seconds(claims?.iat) ?? now) - now);
  const expiry = Math.min(expiresOnTimestamp, (issuerExpiry ?? Infinity) - behindInMs, endOfTime);
  if (expiry <= now) throw expired(expiry, now);
  if (claims !== undefined) checkClaims(claims, expected, now);
  return new HeldAccessToken({
    token,
    expiresOnTimestamp: expiry,
    acquiredAt: now,
    issuerExpiry,
    // A time that has passed already would mean a request for every call.
    ...(typeof refreshAfterTimestamp === 'number' &&
    refreshAfterTimestamp > now &&
    refreshAfterTimestamp < endOfTime
      ? { refreshAfterTimestamp }
      : {}),
    ...(tokenType === 'pop' ? { tokenType } : {}),
  });
}

interface TokenShape {
  token: string;
  expiresOnTimestamp: number;
  refreshAfterTimestamp?: unknown;
  tokenType?: unknown;
}

function checkShape(value: unknown): TokenShape {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidTokenError(
      'missing',
      `The credential returned ${String(value)} and no token.`,
      checkCredential,
    );
  }
  const shape = value as Partial<TokenShape>;
  if (typeof shape.token !== 'string' || shape.token === '') {
    throw new InvalidTokenError('missing', 'The credential returned an empty token.', checkCredential);
  }
  if (!/^[\x21-\x7e]+$/.test(shape.token)) {
    const problem = 'The credential returned a token with white space or characters outside ASCII.';
    throw new InvalidTokenError('malformed', problem, checkCredential);
  }
  const expiry = shape.expiresOnTimestamp;
  if (typeof expiry !== 'number' || !Number.isFinite(expiry)) {
    const problem = 'The credential returned a token whose "expiresOnTimestamp" is not a number.';
    throw new InvalidTokenError('malformed', problem, 'Return milliseconds since 1970-01-01.');
  }
  return { ...shape, token: shape.token, expiresOnTimestamp: expiry };
}

function expired(expiry: number, now: number): InvalidTokenError {
  // Below this, a number of milliseconds lies before 1974 and can only be a number of seconds.
  const inSeconds = expiry > 0 && expiry < 1e11;
  return new InvalidTokenError(
    'expired',
    `The credential returned a token that had expired at ${isoTime(expiry)} (now: ${isoTime(now)}).`,
    inSeconds
      ? '"expiresOnTimestamp" seems to be in seconds; return milliseconds since 1970-01-01.'
      : "Check the credential, its cache, and this machine's clock.",
  );
}

function checkClaims(claims: AccessTokenClaims, expected: TokenExpectations, now: number): void {
  const notBefore = seconds(claims.nbf);
  // `iat` in the future shows by how much this machine's clock is behind; `nbf` must not be judged by that clock.
  const serverNow = Math.max(now, seconds(claims.iat) ?? now);
  if (notBefore !== undefined && notBefore > serverNow) {
    const problem = `The credential returned a token that is not valid before ${isoTime(notBefore)} (now: ${isoTime(now)}).`;
    throw new InvalidTokenError('not-yet-valid', problem, "Check this machine's clock.");
  }
  const { audiences, tenantId } = expected;
  if (audiences !== undefined && !audiencesOf(claims).some((audience) => audiences.includes(audience))) {
    const problem = `The credential returned a token for ${describe(claims.aud)} instead of "${audiences[0]}".`;
    throw new InvalidTokenError('wrong-audience', problem, 'Check the scopes of the resource.');
  }
  if (tenantId !== undefined && String(claims.tid).toLowerCase() !== tenantId.toLowerCase()) {
    const problem = `The credential returned a token of the tenant ${describe(claims.tid)} instead of "${tenantId}".`;
    throw new InvalidTokenError(
      'wrong-tenant',
      problem,
      'Check the tenant of the credential and of the resource.',
    );
  }
}

function audiencesOf(claims: AccessTokenClaims): string[] {
  const values: unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  return values.filter((value) => typeof value === 'string').map((value) => value.replace(/\/$/, ''));
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value * 1000 : undefined;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 200)}"` : 'none';
}

function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
