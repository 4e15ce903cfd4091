import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError, isEntraAuthError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import type { EngineSettings } from './engine-settings.js';
import type { TokenRefresher } from './token-refresher.js';
import type { TokenSlot } from './token-slot.js';

const warnAfterInMs = 5_000;

/** Waits at start-up for the first tokens, and warns once of a resource that keeps the start waiting. */
export class FirstTokens {
  readonly #options: Pick<EngineSettings, 'startupTimeoutInMs' | 'clock'>;
  readonly #refresher: TokenRefresher;
  readonly #logger: LineLogger;
  readonly #warnedOf = new Set<TokenSlot>();

  constructor(options: EngineSettings, refresher: TokenRefresher, logger: LineLogger) {
    this.#logger = logger;
    this.#options = options;
    this.#refresher = refresher;
  }

  /**
   * Waits until every slot holds a token.
   *
   * @throws {EntraTimeoutError} after `startupTimeoutInMs`
   * @throws {TokenUnavailableError} at once, for a failure that waiting does not end
   */
  async wait(slots: readonly TokenSlot[]): Promise<void> {
    const { startupTimeoutInMs: timeoutInMs, clock } = this.#options;
    const warning = clock.setTimeout(() => this.#warn(slots), warnAfterInMs);
    const onTimeout = (): Error => this.#timeout(slots);
    try {
      const tokens = Promise.all(slots.map((slot) => this.#firstToken(slot)));
      await withDeadline(tokens, { timeoutInMs, clock, onTimeout });
    } finally {
      clock.clearTimeout(warning);
    }
  }

  /** Repeats attempts after a passing fault, until the deadline of the start. */
  async #firstToken(slot: TokenSlot): Promise<void> {
    while (slot.unexpired(this.#options.clock.now()) === undefined) {
      try {
        await this.#refresher.demand(slot, Infinity);
      } catch (error) {
        if (!isEntraAuthError(error) || !error.retryable || this.#refresher.closed) throw error;
      }
    }
  }

  #warn(slots: readonly TokenSlot[]): void {
    const missing = withoutToken(slots).filter((slot) => !this.#warnedOf.has(slot));
    if (missing.length === 0) return;
    for (const slot of missing) this.#warnedOf.add(slot);
    const waited = `${warnAfterInMs / 1_000} s of at most ${this.#options.startupTimeoutInMs / 1_000} s`;
    this.#logger.warn(
      `Start-up has waited ${waited} for the first access token of ${namesOf(missing)}. ${lastReason(missing)}`,
    );
  }

  #timeout(slots: readonly TokenSlot[]): EntraTimeoutError {
    const missing = withoutToken(slots);
    return new EntraTimeoutError(
      `Waiting at start-up for the first access token of ${namesOf(missing)}`,
      this.#options.startupTimeoutInMs,
      `${lastReason(missing)} To boot without waiting, set "startup" to "background".`,
      lastErrorOf(missing),
    );
  }
}

function withoutToken(slots: readonly TokenSlot[]): TokenSlot[] {
  return slots.filter(({ held }) => held === undefined);
}

function namesOf(slots: readonly TokenSlot[]): string {
  return slots.map(({ name }) => `"${name}"`).join(', ');
}

function lastErrorOf(slots: readonly TokenSlot[]): TokenSlot['lastError'] {
  return slots.find(({ lastError }) => lastError !== undefined)?.lastError;
}

function lastReason(slots: readonly TokenSlot[]): string {
  return lastErrorOf(slots)?.message ?? 'No answer came.';
}
