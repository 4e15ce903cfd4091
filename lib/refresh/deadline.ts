import { isError } from '../errors/is-error.js';
import type { AbortSignalLike } from '../credential/token-credential.js';
import type { Clock } from './clock.js';

export interface WaitLimits {
  timeoutInMs: number;
  clock: Clock;
  onTimeout: () => Error;
  /** Ends the wait early, with the signal's reason. */
  signal?: AbortSignalLike | undefined;
}

/**
 * Waits for a promise, but not for ever. The promise itself goes on: whoever started it keeps owning it.
 *
 * @throws what `onTimeout` returns when the time is up, or the signal's reason when it is aborted
 */
export function withDeadline<T>(promise: Promise<T>, limits: WaitLimits): Promise<T> {
  const { timeoutInMs, clock, onTimeout, signal } = limits;
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => settle(() => reject(onTimeout())), timeoutInMs);
    const onAbort = (): void => settle(() => reject(abortReason(signal)));
    const settle = (outcome: () => void): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    signal?.addEventListener('abort', onAbort);
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
    if (signal?.aborted) onAbort();
  });
}

/** Lets one caller stop waiting for a promise that others share. The promise itself goes on. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(abortReason(signal)));
    const settle = (outcome: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    signal.addEventListener('abort', onAbort);
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
    if (signal.aborted) onAbort();
  });
}

function abortReason(signal: AbortSignalLike | undefined): Error {
  const reason: unknown = signal === undefined ? undefined : Reflect.get(signal, 'reason');
  if (isError(reason)) return reason;
  const error = new Error('The wait for an access token was aborted.');
  error.name = 'AbortError';
  return error;
}
