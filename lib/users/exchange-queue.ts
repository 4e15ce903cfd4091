import { EntraShutDownError } from '../common/entra-auth.error.js';
import { Fifo } from '../common/fifo.js';
import { asError } from '../common/thrown.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import type { TenantPauses } from './tenant-pauses.js';
import { TurnShare } from './turn-share.js';

interface Waiting {
  readonly tenantId: string;
  readonly exchange: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const mostWaiting = 20_000;
// To send a request takes a third of a millisecond, with a new connection several.
const mostInTurn = 1;

/**
 * Runs a number of exchanges at once and lets the others wait for their turn, first come first served: thousands of TLS
 * handshakes at once would hold up the event loop for seconds. One begins in each turn of the event loop. While a tenant asks
 * for a pause, none begins for it.
 */
export class ExchangeQueue {
  readonly #atOnce: number;
  readonly #pauses: TenantPauses;
  readonly #requestTimeoutInMs: number;
  readonly #waiting = new Fifo<Waiting>();
  #running = 0;
  readonly #turn = new TurnShare(mostInTurn, () => this.#next());
  #isStopped = false;

  constructor(atOnce: number, pauses: TenantPauses, requestTimeoutInMs: number) {
    this.#atOnce = atOnce;
    this.#pauses = pauses;
    this.#requestTimeoutInMs = requestTimeoutInMs;
  }

  get length(): number {
    return this.#waiting.length + this.#running;
  }

  /**
   * Runs an exchange when it is its turn.
   *
   * @throws {TokenRequestFailedError | InvalidClientError} while the tenant pauses, and when too many wait
   * @throws {EntraShutDownError} when the queue was stopped before its turn
   */
  run<T>(tenantId: string, exchange: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length >= mostWaiting) return reject(tooMany());
      this.#waiting.add({ tenantId, exchange, resolve: resolve as Waiting['resolve'], reject });
      this.#next();
    });
  }

  /** Rejects what waits, and begins nothing more. */
  stop(): void {
    this.#isStopped = true;
    for (const { reject } of this.#waiting.clear()) reject(new EntraShutDownError());
  }

  #begin({ tenantId, exchange, resolve, reject }: Waiting): void {
    const refusal = this.#refusalFor(tenantId);
    if (refusal !== undefined) return reject(refusal);
    this.#turn.take();
    this.#running++;
    exchange().then(
      (value) => {
        this.#running--;
        resolve(value);
        this.#next();
      },
      (error: unknown) => {
        this.#running--;
        reject(asError(error));
        this.#next();
      },
    );
  }

  #refusalFor(tenantId: string): Error | undefined {
    if (this.#isStopped) return new EntraShutDownError();
    return this.#pauses.refusalFor(tenantId, this.#requestTimeoutInMs);
  }

  #next(): void {
    while (this.#running < this.#atOnce && this.#turn.isLeft) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      this.#begin(next);
    }
  }
}

function tooMany(): TokenRequestFailedError {
  return new TokenRequestFailedError(
    `${mostWaiting} exchanges wait for the token endpoint already.`,
    'Try again later, and check why the endpoint is slow.',
    { retryable: true },
  );
}
