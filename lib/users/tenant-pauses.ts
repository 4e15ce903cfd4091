import { delayUntil, type Clock, type Timestamp } from '../common/clock.js';
import { withoutFrames } from '../common/thrown.js';
import { InvalidClientError, TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { assertionCodes } from './assertion-codes.js';

// A day in Retry-After would outlive every assertion.
const longestPauseInMs = 600_000;
const firstClientPauseInMs = 5_000;
const longestClientPauseInMs = 60_000;

interface Pause {
  until: Timestamp;
  /** Why the application itself is refused; `undefined` when the tenant asked for the pause. */
  refusal: InvalidClientError | undefined;
  /** How often in a row the application was refused. */
  refusals: number;
  /** Whether one request is on its way to find out whether the application is accepted again. */
  isProbing: boolean;
}

/**
 * The tenants that are left alone for a while: those that asked for it, and those that refuse the application itself, whose
 * secret is wrong for every user.
 */
export class TenantPauses {
  readonly #clock: Clock;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what became of a request. */
  failed(tenantId: string, error: unknown): void {
    const now = this.#clock.now();
    const { until = 0, refusals = 0, isProbing = false } = this.#pauses.get(tenantId) ?? {};
    if (isOfApplication(error)) {
      // Of requests that were under way at once, the first counts.
      if (refusals > 0 && now < until && !isProbing) return;
      const pauseInMs = Math.min(firstClientPauseInMs * 2 ** refusals, longestClientPauseInMs);
      const refusal = withoutFrames(error);
      const pause = { until: now + pauseInMs, refusal, refusals: refusals + 1, isProbing: false };
      this.#pauses.set(tenantId, pause);
    }
    if (!(error instanceof TokenRequestFailedError) || error.retryAfterInMs === undefined) return;
    const asked = now + Math.min(error.retryAfterInMs, longestPauseInMs);
    this.#pauses.set(tenantId, {
      until: Math.max(asked, until),
      refusal: undefined,
      refusals: 0,
      isProbing: false,
    });
  }

  /** Notes that a request was granted: the application is accepted. */
  succeeded(tenantId: string): void {
    if (this.#pauses.get(tenantId)?.refusal !== undefined) this.#pauses.delete(tenantId);
  }

  /**
   * The error for a request that must not be sent. After the pause of an application that was refused one request goes first;
   * the others follow when it has succeeded.
   *
   * @param probeInMs how long that one may take
   */
  refusalFor(tenantId: string, probeInMs: number): Error | undefined {
    const pause = this.#pauses.get(tenantId);
    if (pause === undefined) return undefined;
    const left = this.leftOf(tenantId);
    if (left > 0) return pause.refusal ?? paused(left);
    if (pause.refusal === undefined) this.#pauses.delete(tenantId);
    else Object.assign(pause, { until: this.#clock.now() + probeInMs, isProbing: true });
    return undefined;
  }

  /** How long a tenant is still left alone, in milliseconds; zero when it is not. */
  leftOf(tenantId: string): number {
    const pause = this.#pauses.get(tenantId);
    if (pause === undefined) return 0;
    const left = delayUntil(pause.until, this.#clock.now());
    // A clock that was set back must not prolong it.
    return left <= longestPauseInMs ? left : 0;
  }
}

/** Whether the server refuses the application, whatever the user is. */
function isOfApplication(error: unknown): error is InvalidClientError {
  if (!(error instanceof InvalidClientError) || error.statusCode === undefined) return false;
  return !assertionCodes.includes(error.aadsts);
}

function paused(retryAfterInMs: number): TokenRequestFailedError {
  return new TokenRequestFailedError(
    'The token endpoint asked for a pause, which is not over.',
    'Try again after it; users whose tokens are held are served.',
    { retryable: true, retryAfterInMs },
  );
}
