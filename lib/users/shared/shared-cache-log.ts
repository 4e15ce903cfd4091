import type { Clock, Timestamp } from '../../common/clock.js';
import { GuardedLogger, type LineLogger } from '../../common/guarded-logger.js';
import { Occasion } from '../../common/occasion.js';
import { redactError } from '../../common/redaction.js';
import type { RecordFault } from './sealed-record.js';

/**
 * Writes when the shared cache begins to fail and when it works again, and that records are unreadable: each once a minute
 * at most, as a cache that fails over may fail and work in turn.
 */
export class SharedCacheLog {
  readonly #logger: LineLogger;
  readonly #clock: Clock;
  readonly #name: string;
  #failedAt: Timestamp | undefined;
  readonly #outage = new Occasion();
  readonly #unreadable = new Occasion();

  /** @param description of the cache */
  constructor(logger: LineLogger, clock: Clock, description: string) {
    this.#logger = new GuardedLogger(logger);
    this.#clock = clock;
    this.#name = `The shared cache of users' tokens (${description})`;
  }

  failed(error: unknown): void {
    const now = this.#clock.now();
    this.#failedAt ??= now;
    if (this.#outage.isWritten || this.#outage.note(now) === undefined) return;
    const reason = redactError(error).message.slice(0, 300).replace(/\.$/, '');
    this.#logger.warn(
      `${this.#name} fails: ${reason}. Users are served from memory and by Entra until it works.`,
    );
  }

  recovered(): void {
    if (this.#failedAt === undefined) return;
    const seconds = Math.max(0, Math.round((this.#clock.now() - this.#failedAt) / 1000));
    this.#failedAt = undefined;
    if (this.#outage.end()) this.#logger.log(`${this.#name} works again, after ${seconds} s.`);
  }

  unreadable(fault: RecordFault): void {
    const count = this.#unreadable.note(this.#clock.now());
    if (count === undefined) return;
    this.#unreadable.end();
    const records = count === 1 ? 'a record' : `${count} records`;
    const fix = 'Give every replica the same "users.cache.shared.keys", and let nothing else write there.';
    this.#logger.warn(`${this.#name} returned ${records} that cannot be used: ${fault}. ${fix}`);
  }
}
