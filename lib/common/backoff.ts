/** How failed attempts are spaced out. */
export interface BackoffPolicy {
  /** Upper bound of the first delay, in milliseconds. */
  initialDelayInMs: number;
  /** Upper bound of every delay by backoff, in milliseconds. */
  maxDelayInMs: number;
  /**
   * The share of what is left of a held token's life, but for its last three minutes, after which to try again, on
   * average. Zero: backoff alone.
   */
  shareOfLifeLeft: number;
}

/**
 * A delay with full jitter: between zero and a bound that doubles with each failure, so that clients that failed together
 * come back apart.
 *
 * @param failures how many attempts have failed in a row, at least 1
 * @param random a number in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffDelay(failures: number, policy: BackoffPolicy, random: number): number {
  const doublings = Math.min(Math.max(0, failures - 1), 30);
  return random * Math.min(policy.maxDelayInMs, policy.initialDelayInMs * 2 ** doublings);
}

/**
 * Reads the value of a `Retry-After` header: seconds or a date.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const inMs = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(inMs) ? Math.max(0, inMs) : undefined;
}
