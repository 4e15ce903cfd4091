import { longestDelayInMs, type Clock } from './clock.js';
import { isError } from './thrown.js';

/** The part of `AbortSignal` that the Azure SDKs rely on. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: (this: AbortSignalLike, event: unknown) => unknown): void;
  removeEventListener(type: 'abort', listener: (this: AbortSignalLike, event: unknown) => unknown): void;
}

interface WaitLimits {
  timeoutInMs: number;
  clock: Clock;
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
  const { timeoutInMs, clock, onTimeout, signal } = limits;
  return untilStopped(promise, signal, (stop) => {
    const timer = clock.setTimeout(() => stop(onTimeout()), Math.min(timeoutInMs, longestDelayInMs));
    return () => clock.clearTimeout(timer);
  });
}

/** Rejects with the signal's reason if that is aborted first. Does not cancel the promise. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  return signal === undefined ? promise : untilStopped(promise, signal, () => () => undefined);
}

/** @param arm sets up what else may stop the wait, and returns what takes that down again */
function untilStopped<T>(
  promise: Promise<T>,
  signal: AbortSignalLike | undefined,
  arm: (stop: (error: Error) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      disarm();
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    const stop = (error: Error): void => settle(() => reject(error));
    const onAbort = (): void => stop(abortReason(signal));
    const disarm = arm(stop);
    signal?.addEventListener('abort', onAbort);
    promise.then((value) => settle(() => resolve(value)), stop);
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
