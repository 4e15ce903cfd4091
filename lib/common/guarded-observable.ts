import { Observable, Subscriber, type Observer, type Operator, type Subscription } from 'rxjs';

import type { LineLogger } from './guarded-logger.js';
import { redactError } from './redaction.js';

type Listener<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

/**
 * Passes values on, and logs what a listener throws or rejects with. rxjs would rethrow it from a timer, which ends the
 * process. Observables that `pipe` makes of it are guarded too.
 */
export class GuardedObservable<T> extends Observable<T> {
  readonly #logger: LineLogger;

  constructor(from: Observable<unknown>, logger: LineLogger, operator?: Operator<never, T>) {
    super();
    this.source = from;
    this.operator = operator;
    this.#logger = logger;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    return new GuardedObservable<R>(this, this.#logger, operator);
  }

  override subscribe(
    listener?: Listener<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own, whose errors go to the listener behind it.
    if (listener instanceof Subscriber) return super.subscribe(listener);
    const given: Partial<Observer<T>> =
      typeof listener === 'object' && listener !== null
        ? listener
        : {
            ...(listener ? { next: listener } : {}),
            ...(error ? { error } : {}),
            ...(complete ? { complete } : {}),
          };
    return super.subscribe({
      next: (value) => this.#call(() => given.next?.(value)),
      error: (reason) =>
        this.#call(() => (given.error === undefined ? this.#report(reason) : given.error(reason))),
      complete: () => this.#call(() => given.complete?.()),
    });
  }

  #call(listener: () => unknown): void {
    try {
      const returned = listener();
      if (returned instanceof Promise) returned.catch((reason: unknown) => this.#report(reason));
    } catch (reason) {
      this.#report(reason);
    }
  }

  #report(reason: unknown): void {
    const { message } = redactError(reason);
    this.#logger.error(`A listener to the events of EntraAuth threw: ${message}`);
  }
}
