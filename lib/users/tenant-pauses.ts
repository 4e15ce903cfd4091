import { BoundedMap } from '../common/bounded-map.js';
import type { Clock, Timestamp } from '../common/clock.js';
import { withoutFrames } from '../common/thrown.js';
import { InvalidClientError, TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { assertionCodes } from './assertion-codes.js';

/** A day in Retry-After would outlive every assertion. */
export const longestPauseInMs = 600_000;
const firstClientPauseInMs = 5_000;
const longestClientPauseInMs = 60_000;
// A caller's token names the tenant, and is checked by Entra alone.
const mostTenants = 1_000;

interface Pause {
  until: Timestamp;
  /** When it was last looked at. */
  seenAt: Timestamp;
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
  readonly #pauses = new BoundedMap<string, Pause>(mostTenants);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many tenants are known here. */
  get size(): number {
    return this.#pauses.size;
  }

  /** Notes what became of a request. */
  failed(tenantId: string, error: unknown): void {
    const now = this.#clock.now();
    const { until = 0, refusals = 0, isProbing = false } = this.#lookAt(tenantId) ?? {};
    if (isOfApplication(error)) {
      // Of requests that were under way at once, the first counts.
      if (refusals > 0 && now < until && !isProbing) return;
      const pauseInMs = Math.min(firstClientPauseInMs * 2 ** refusals, longestClientPauseInMs);
      const refusal = withoutFrames(error);
      const pause = { until: now + pauseInMs, refusal, refusals: refusals + 1 };
      this.#pauses.set(tenantId, { ...pause, seenAt: now, isProbing: false });
    }
    if (!(error instanceof TokenRequestFailedError) || error.retryAfterInMs === undefined) return;
    const asked = now + Math.min(error.retryAfterInMs, longestPauseInMs);
    this.#pauses.set(tenantId, {
      until: Math.max(asked, until),
      seenAt: now,
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
    const pause = this.#lookAt(tenantId);
    return pause === undefined ? 0 : Math.max(0, pause.until - this.#clock.now());
  }

  /** Moves the end of a pause along with a clock that was set back, which must not prolong it. */
  #lookAt(tenantId: string): Pause | undefined {
    const pause = this.#pauses.get(tenantId);
    if (pause === undefined) return undefined;
    const now = this.#clock.now();
    pause.until -= Math.max(0, pause.seenAt - now);
    pause.seenAt = now;
    return pause;
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
