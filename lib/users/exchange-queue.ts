import { EntraShutDownError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import type { TenantPauses } from './tenant-pauses.js';

interface Waiting {
  begin: () => void;
  fail: (error: Error) => void;
}

const mostWaiting = 20_000;
// To send a request takes a third of a millisecond, with a new connection a whole one.
const mostInTurn = 4;

/**
 * Runs a number of exchanges at once and lets the others wait for their turn, first come first served: thousands of TLS
 * handshakes at once would hold up the event loop for seconds. A few begin in each turn of the event loop. While a tenant asks
 * for a pause, none begins for it.
 */
export class ExchangeQueue {
  readonly #atOnce: number;
  readonly #pauses: TenantPauses;
  readonly #requestTimeoutInMs: number;
  #waiting: Waiting[] = [];
  /** Position of the first that still waits. */
  #first = 0;
  #running = 0;
  #begunInTurn = 0;
  #isTurnAwaited = false;
  #isStopped = false;

  constructor(atOnce: number, pauses: TenantPauses, requestTimeoutInMs: number) {
    this.#atOnce = atOnce;
    this.#pauses = pauses;
    this.#requestTimeoutInMs = requestTimeoutInMs;
  }

  get length(): number {
    return this.#waiting.length - this.#first + this.#running;
  }

  /**
   * Runs an exchange when it is its turn.
   *
   * @throws {TokenRequestFailedError | InvalidClientError} while the tenant pauses, and when too many wait
   * @throws {EntraShutDownError} when the queue was stopped before its turn
   */
  run<T>(tenantId: string, exchange: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (outcome: () => void): void => {
        this.#running--;
        outcome();
        this.#next();
      };
      const begin = (): void => {
        const refusal = this.#refusalFor(tenantId);
        if (refusal !== undefined) return reject(refusal);
        this.#running++;
        this.#begunInTurn++;
        exchange().then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(asError(error))),
        );
      };
      if (this.#waiting.length - this.#first >= mostWaiting) return reject(tooMany());
      this.#waiting.push({ begin, fail: reject });
      this.#next();
    });
  }

  /** Rejects what waits, and begins nothing more. */
  stop(): void {
    this.#isStopped = true;
    const waiting = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = 0;
    for (const { fail } of waiting) fail(new EntraShutDownError());
  }

  #refusalFor(tenantId: string): Error | undefined {
    if (this.#isStopped) return new EntraShutDownError();
    return this.#pauses.refusalFor(tenantId, this.#requestTimeoutInMs);
  }

  #waitForTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => {
      this.#isTurnAwaited = false;
      this.#begunInTurn = 0;
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#atOnce && this.#begunInTurn < mostInTurn) {
      const next = this.#waiting[this.#first];
      if (next === undefined) break;
      this.#first++;
      next.begin();
    }
    if (this.#begunInTurn > 0) this.#waitForTurn();
    if (this.#first < 1_000 && this.#first < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}

function tooMany(): TokenRequestFailedError {
  return new TokenRequestFailedError(
    `${mostWaiting} exchanges wait for the token endpoint already.`,
    'Try again later, and check why the endpoint is slow.',
    { retryable: true },
  );
}
