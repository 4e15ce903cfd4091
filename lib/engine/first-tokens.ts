import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError, isEntraAuthError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import type { EngineSettings } from './engine-settings.js';
import { unexpired, type Trouble } from './entry-state.js';
import type { TokenEntry } from './token-entry.js';
import type { TokenRefresher } from './token-refresher.js';

const warnAfterInMs = 5_000;

/** Waits at start-up for the first tokens, and warns once of a resource that keeps the start waiting. */
export class FirstTokens {
  readonly #options: Pick<EngineSettings, 'startupTimeoutInMs' | 'clock'>;
  readonly #refresher: TokenRefresher;
  readonly #logger: LineLogger;
  readonly #warnedOf = new Set<TokenEntry>();

  constructor(options: EngineSettings, refresher: TokenRefresher, logger: LineLogger) {
    this.#logger = logger;
    this.#options = options;
    this.#refresher = refresher;
  }

  /**
   * Waits until every entry holds a token.
   *
   * @throws {EntraTimeoutError} after `startupTimeoutInMs`
   * @throws {TokenUnavailableError} at once, for a failure that waiting does not end
   */
  async wait(entries: readonly TokenEntry[]): Promise<void> {
    const { startupTimeoutInMs: timeoutInMs, clock } = this.#options;
    const warning = clock.setTimeout(() => this.#warn(entries), warnAfterInMs);
    const onTimeout = (): Error => this.#timeout(entries);
    try {
      const tokens = Promise.all(entries.map((entry) => this.#firstToken(entry)));
      await withDeadline(tokens, { timeoutInMs, clock, onTimeout });
    } finally {
      clock.clearTimeout(warning);
    }
  }

  /** Repeats attempts after a passing fault, until the deadline of the start. */
  async #firstToken(entry: TokenEntry): Promise<void> {
    while (unexpired(entry.state, this.#options.clock.now()) === undefined) {
      try {
        await this.#refresher.waitForToken(entry, Infinity);
      } catch (error) {
        if (!isEntraAuthError(error) || !error.retryable || this.#refresher.closed) throw error;
      }
    }
  }

  #warn(entries: readonly TokenEntry[]): void {
    const missing = withoutToken(entries).filter((entry) => !this.#warnedOf.has(entry));
    if (missing.length === 0) return;
    for (const entry of missing) this.#warnedOf.add(entry);
    const waited = `${warnAfterInMs / 1_000} s of at most ${this.#options.startupTimeoutInMs / 1_000} s`;
    this.#logger.warn(
      `Start-up has waited ${waited} for the first access token of ${namesOf(missing)}. ${lastReason(missing)}`,
    );
  }

  #timeout(entries: readonly TokenEntry[]): EntraTimeoutError {
    const missing = withoutToken(entries);
    return new EntraTimeoutError(
      `Waiting at start-up for the first access token of ${namesOf(missing)}`,
      this.#options.startupTimeoutInMs,
      `${lastReason(missing)} To boot without waiting, set "startup" to "background".`,
      lastErrorOf(missing),
    );
  }
}

function withoutToken(entries: readonly TokenEntry[]): TokenEntry[] {
  return entries.filter(({ state }) => state.held === undefined);
}

function namesOf(entries: readonly TokenEntry[]): string {
  return entries.map(({ name }) => `"${name}"`).join(', ');
}

function lastErrorOf(entries: readonly TokenEntry[]): Trouble['lastError'] {
  return entries.map(({ state }) => state.trouble.lastError).find((error) => error !== undefined);
}

function lastReason(entries: readonly TokenEntry[]): string {
  return lastErrorOf(entries)?.message ?? 'No answer came.';
}
