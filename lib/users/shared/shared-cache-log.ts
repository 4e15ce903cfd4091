import type { Clock, Timestamp } from '../../common/clock.js';
import { GuardedLogger, type LineLogger } from '../../common/guarded-logger.js';
import { redactError } from '../../common/redaction.js';
import type { RecordFault } from './sealed-record.js';

const shortestIntervalInMs = 60_000;

/** Writes when the shared cache begins to fail and when it works again, and once a minute that records are unreadable. */
export class SharedCacheLog {
  readonly #logger: LineLogger;
  readonly #clock: Clock;
  readonly #name: string;
  #failedAt: Timestamp | undefined;
  #unreadable = 0;
  #loggedAt = -Infinity;

  /** @param description of the cache */
  constructor(logger: LineLogger, clock: Clock, description: string) {
    this.#logger = new GuardedLogger(logger);
    this.#clock = clock;
    this.#name = `The shared cache of users' tokens (${description})`;
  }

  failed(error: unknown): void {
    if (this.#failedAt !== undefined) return;
    this.#failedAt = this.#clock.now();
    const reason = redactError(error).message.slice(0, 300).replace(/\.$/, '');
    this.#logger.warn(
      `${this.#name} fails: ${reason}. Users are served from memory and by Entra until it works.`,
    );
  }

  recovered(): void {
    if (this.#failedAt === undefined) return;
    const seconds = Math.max(0, Math.round((this.#clock.now() - this.#failedAt) / 1000));
    this.#failedAt = undefined;
    this.#logger.log(`${this.#name} works again, after ${seconds} s.`);
  }

  unreadable(fault: RecordFault): void {
    this.#unreadable++;
    const now = this.#clock.now();
    if (Math.abs(now - this.#loggedAt) < shortestIntervalInMs) return;
    this.#loggedAt = now;
    const records = this.#unreadable === 1 ? 'a record' : `${this.#unreadable} records`;
    this.#unreadable = 0;
    const fix = 'Give every replica the same "users.cache.shared.keys", and let nothing else write there.';
    this.#logger.warn(`${this.#name} returned ${records} that cannot be used: ${fault}. ${fix}`);
  }
}
