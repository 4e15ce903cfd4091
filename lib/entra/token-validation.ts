import type { Timestamp } from '../common/clock.js';
import { HeldAccessToken } from './held-access-token.js';
import { InvalidTokenError } from './invalid-token.error.js';
import { readClaims, type AccessTokenClaims } from './json-web-token.js';
import { shownClaim } from './shown-claim.js';
import { endOf } from './token-end.js';

/** What a token must satisfy beyond its times. */
export interface TokenExpectations {
  /** Accepted values of `aud`. Default: any. */
  audiences?: readonly string[];
  /** Required value of `tid`, a GUID. Default: any. */
  tenantId?: string;
}

const checkCredential = 'Check the credential that the resource uses.';

/** When and how a token was received. */
export interface Receipt {
  /** By this machine's clock. */
  now: Timestamp;
  /** By how much that clock is ahead of the `Date` of the response, in milliseconds; absent when no response was seen. */
  clockAheadInMs?: number | undefined;
  /** Whether the credential returned it from its cache in spite of an error. */
  isFromCache?: boolean;
}

/**
 * Checks what a credential returned. The token ends at the earliest end that the credential or the JWT states. An opaque
 * token needs only `expiresOnTimestamp`, unless an audience is expected.
 *
 * @throws {InvalidTokenError} with the reason, without the token
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function validateAccessToken(
  value: unknown,
  expected: TokenExpectations,
  receipt: Receipt,
): HeldAccessToken {
  const { now } = receipt;
  const shape = checkShape(value);
  const { token, refreshAfterTimestamp, tokenType } = shape;
  const claims = readClaims(token);
  const exp = milliseconds(claims?.exp);
  const { expiresOnTimestamp, clockAheadInMs } = endOf({
    ...receipt,
    expiresOnTimestamp: checkExpiry(shape.expiresOnTimestamp, exp),
    exp,
    iat: milliseconds(claims?.iat),
  });
  if (expiresOnTimestamp <= now) throw expired(expiresOnTimestamp, now);
  checkClaims(claims, expected, now - clockAheadInMs);
  const isIssuersClockKnown =
    exp !== undefined || receipt.clockAheadInMs !== undefined || clockAheadInMs !== 0;
  return new HeldAccessToken({
    token,
    expiresOnTimestamp,
    acquiredAt: now,
    clockAheadInMs: isIssuersClockKnown ? clockAheadInMs : undefined,
    tenantId: typeof claims?.tid === 'string' ? sharedText(claims.tid) : undefined,
    // A time in the past would cause a request for every call.
    refreshAfterTimestamp: isTimeBetween(refreshAfterTimestamp, now, expiresOnTimestamp)
      ? refreshAfterTimestamp
      : undefined,
    tokenType: tokenType === 'pop' ? tokenType : undefined,
  });
}

let lastTenant = '';

/** The same text as last time, where it is equal: a hundred thousand tokens of one tenant need it once. */
function sharedText(tenantId: string): string {
  if (tenantId !== lastTenant) lastTenant = tenantId;
  return lastTenant;
}

interface TokenShape {
  token: string;
  expiresOnTimestamp?: unknown;
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
  return { ...shape, token: shape.token };
}

/** @returns `NaN` if only the JWT states an end */
function checkExpiry(expiry: unknown, exp: number | undefined): number {
  if (typeof expiry === 'number' && Number.isFinite(expiry)) return expiry;
  if (exp !== undefined) return NaN;
  const problem = 'The credential returned a token whose "expiresOnTimestamp" is not a number.';
  throw new InvalidTokenError('malformed', problem, 'Return milliseconds since 1970-01-01.');
}

function expired(expiry: number, now: number): InvalidTokenError {
  // A number below this is in seconds: as milliseconds it would lie before 1974.
  const inSeconds = expiry > 0 && expiry < 1e11;
  return new InvalidTokenError(
    'expired',
    `The credential returned a token that had expired at ${isoTime(expiry)} (now: ${isoTime(now)}).`,
    inSeconds
      ? '"expiresOnTimestamp" seems to be in seconds; return milliseconds since 1970-01-01.'
      : "Check the credential, its cache, and this machine's clock.",
  );
}

/** @param issuersNow the time by the issuer's clock where it is known: this machine's may be wrong */
function checkClaims(
  claims: AccessTokenClaims | undefined,
  expected: TokenExpectations,
  issuersNow: number,
): void {
  if (claims === undefined) {
    if (expected.audiences === undefined && expected.tenantId === undefined) return;
    const problem = 'The credential returned a token that cannot be decoded, where a JWT is expected.';
    throw new InvalidTokenError('malformed', problem, checkCredential);
  }
  const notBefore = milliseconds(claims.nbf);
  if (notBefore !== undefined && notBefore > issuersNow) {
    const problem = `The credential returned a token that is not valid before ${isoTime(notBefore)} (now: ${isoTime(issuersNow)}).`;
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

function isTimeBetween(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && value > from && value < to;
}

/** Converts a time of a JWT to milliseconds. */
function milliseconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value * 1000 : undefined;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? shownClaim(value, 200) : 'none';
}

function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
