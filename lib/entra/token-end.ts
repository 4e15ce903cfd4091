/** The times that came with a token, in milliseconds. Those of a JWT are by the issuer's clock. */
export interface StatedTimes {
  /** When the token was received, by this machine's clock. */
  now: number;
  /** As the credential returned it; `NaN` when it returned none. */
  expiresOnTimestamp: number;
  /** `exp` of a JWT. */
  exp?: number | undefined;
  /** `iat` of a JWT. */
  iat?: number | undefined;
  /** By how much this machine's clock is ahead of the `Date` of the response, when one was seen. */
  clockAheadInMs?: number | undefined;
  /** Whether the token was received earlier: an end that has passed is by this machine's clock then. */
  isFromCache?: boolean | undefined;
}

export interface TokenEnd {
  /** When the token ends, by this machine's clock. */
  expiresOnTimestamp: number;
  /** By how much that clock is ahead of the issuer's; negative when it is behind, zero when nothing shows it. */
  clockAheadInMs: number;
}

/** A clock that is wrong by less is taken for right, in milliseconds: `Date` and `iat` are rounded, responses take time. */
export const clockSkewToleranceInMs = 60_000;

// An end so close to the receipt comes from times that the endpoint could not express.
const momentInMs = 2_000;

// The latest `Date`, for tokens that never expire.
const endOfTime = 8.64e15;
const roundingInMs = 5_000;

/**
 * Decides when a token ends: at the earliest stated end, by this machine's clock. An end within two seconds of
 * the receipt is none when the JWT states a later one: endpoints whose times cannot be read are passed on as "now".
 */
export function endOf(stated: StatedTimes): TokenEnd {
  const { now, expiresOnTimestamp, exp } = stated;
  const clockAheadInMs = clockAhead(stated);
  const byIssuer = exp === undefined ? Infinity : exp + clockAheadInMs;
  const isByIssuersClock =
    (expiresOnTimestamp <= now && !stated.isFromCache) ||
    Math.abs(expiresOnTimestamp - (exp ?? Infinity)) <= roundingInMs;
  const byCredential = isByIssuersClock ? expiresOnTimestamp + clockAheadInMs : expiresOnTimestamp;
  const isNonsense = !(byCredential > now + momentInMs) && Number.isFinite(byIssuer);
  return {
    expiresOnTimestamp: Math.min(isNonsense ? byIssuer : byCredential, byIssuer, endOfTime),
    clockAheadInMs,
  };
}

function clockAhead(stated: StatedTimes): number {
  const { now, iat, clockAheadInMs: measured } = stated;
  // A token is never received before it was issued.
  const behindInMs = Math.max(0, (iat ?? now) - now);
  const isMeasured = measured !== undefined && Math.abs(measured) >= clockSkewToleranceInMs;
  if (behindInMs > 0) return -Math.max(behindInMs, isMeasured ? -measured : 0);
  return isMeasured ? measured : aheadByMoreThanALife(stated);
}

/**
 * A token that has just been received, and has no longer to live than it was issued for, has not expired: if `exp` has
 * passed all the same, this machine's clock is ahead.
 */
function aheadByMoreThanALife({ now, expiresOnTimestamp, exp, iat }: StatedTimes): number {
  if (exp === undefined || iat === undefined || exp > now) return 0;
  const left = expiresOnTimestamp - now;
  const isPlausible = left > momentInMs && left <= exp - iat + clockSkewToleranceInMs;
  return isPlausible ? expiresOnTimestamp - exp : 0;
}
