import type { Clock } from '../common/clock.js';
import { withDeadline, type AbortSignalLike } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';

/** What a caller's wait for an exchange depends on. */
export interface ExchangeWait {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly requestTimeoutInMs: number;
  readonly signal?: AbortSignalLike | undefined;
  /** Called when the caller has given up. */
  readonly onTimeout?: () => void;
}

/** How long a caller waits at the most, in milliseconds. */
export function exchangeTimeInMs(requestTimeoutInMs: number): number {
  return 3 * requestTimeoutInMs;
}

/**
 * Waits for an exchange, which may wait for its turn before: three times as long as a request may take.
 *
 * @throws {EntraTimeoutError} when it takes longer
 */
export function inExchangeTime<T>(exchange: Promise<T>, wait: ExchangeWait): Promise<T> {
  const { clock, signal } = wait;
  const timeoutInMs = exchangeTimeInMs(wait.requestTimeoutInMs);
  const onTimeout = (): Error => {
    wait.onTimeout?.();
    const fix = 'Try again: it may be held by then.';
    return new EntraTimeoutError("The exchange of a user's token", timeoutInMs, fix);
  };
  return withDeadline(exchange, { timeoutInMs, clock, onTimeout, signal });
}
