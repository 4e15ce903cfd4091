import { longestDelayInMs, type Clock, type TimerHandle } from './clock.js';
import { isError } from './thrown.js';

/** The part of `AbortSignal` that the Azure SDKs rely on. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: (this: AbortSignalLike, event: unknown) => unknown): void;
  removeEventListener(type: 'abort', listener: (this: AbortSignalLike, event: unknown) => unknown): void;
}

interface WaitLimits {
  timeoutInMs: number;
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  onTimeout: () => Error;
  /** Ends the wait early, with the signal's reason. */
  signal?: AbortSignalLike | undefined;
}

/**
 * Rejects if `promise` has not settled within `timeoutInMs`. Does not cancel it.
 *
 * @throws what `onTimeout` returns, or the signal's reason when that is aborted first
 */
export function withDeadline<T>(promise: Promise<T>, limits: WaitLimits): Promise<T> {
  return untilStopped(promise, limits.signal, limits);
}

/** Rejects with the signal's reason if that is aborted first. Does not cancel the promise. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  return signal === undefined ? promise : untilStopped(promise, signal);
}

/** Thousands of callers may begin to wait at once: each has few closures. */
function untilStopped<T>(
  promise: Promise<T>,
  signal: AbortSignalLike | undefined,
  limits?: WaitLimits,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: TimerHandle;
    const disarm = (): void => {
      if (limits !== undefined) limits.clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const stop = (error: Error): void => {
      disarm();
      reject(error);
    };
    const onAbort = (): void => stop(abortReason(signal));
    if (limits !== undefined) {
      const delayInMs = Math.min(limits.timeoutInMs, longestDelayInMs);
      timer = limits.clock.setTimeout(() => stop(limits.onTimeout()), delayInMs);
    }
    signal?.addEventListener('abort', onAbort);
    promise.then((value) => {
      disarm();
      resolve(value);
    }, stop);
    if (signal?.aborted) onAbort();
  });
}

function abortReason(signal: AbortSignalLike | undefined): Error {
  const reason: unknown = signal === undefined ? undefined : Reflect.get(signal, 'reason');
  if (isError(reason)) return reason;
  const error = new Error('The wait for an access token was aborted.');
  error.name = 'AbortError';
  return error;
}

/** A promise together with the means to settle it. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
