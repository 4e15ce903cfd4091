import { AsyncLocalStorage } from 'node:async_hooks';

import type { AbortSignalLike } from './token-credential.js';

/** What happened on the wire during one call of a credential. Errors of credentials report little of it. */
export interface WireObservation {
  /** Ends the requests of the call. */
  signal: AbortSignalLike | undefined;
  /** Status of the last response. */
  statusCode?: number | undefined;
  /** `Retry-After` of the last response, as received. */
  retryAfter?: string | undefined;
  /** By how much this machine's clock is ahead of the last response's `Date`, in milliseconds. */
  clockAheadInMs?: number | undefined;
  /** The beginning of the last response's body, if it was an error response. */
  errorBody?: string | undefined;
  /** Why the last request got no response. */
  networkError?: unknown;
}

/** What is noted of a response. */
export interface ObservedResponse {
  status: number;
  /** Header `Retry-After`. */
  retryAfter: string | undefined;
  /** Header `Date`. */
  date: string | undefined;
  /** The beginning of the body of an error response. */
  errorBody?: string | undefined;
}

/** Notes a response. */
export function noteResponse(
  observation: WireObservation | undefined,
  { status, retryAfter, date, errorBody }: ObservedResponse,
  now: number,
): void {
  if (observation === undefined) return;
  const ahead = now - Date.parse(date ?? '');
  const clockAheadInMs = Number.isNaN(ahead) ? undefined : ahead;
  Object.assign(observation, {
    statusCode: status,
    retryAfter,
    clockAheadInMs,
    errorBody,
    networkError: undefined,
  });
}

/** Notes that a request got no response. */
export function noteNetworkError(observation: WireObservation | undefined, networkError: unknown): void {
  if (observation === undefined) return;
  const nothing = {
    statusCode: undefined,
    retryAfter: undefined,
    clockAheadInMs: undefined,
    errorBody: undefined,
  };
  Object.assign(observation, { ...nothing, networkError });
}

const bySignal = new WeakMap<AbortSignalLike, WireObservation>();

/** Begins to observe the next call that gets the signal. */
export function observe(signal: AbortSignalLike): WireObservation {
  const observation: WireObservation = { signal };
  bySignal.set(signal, observation);
  return observation;
}

/** Returns the observation of the call that got the signal, or a new one. */
export function observationOf(signal: AbortSignalLike | undefined): WireObservation {
  return (signal === undefined ? undefined : bySignal.get(signal)) ?? { signal };
}

const storage = new AsyncLocalStorage<{ observation: WireObservation | undefined }>();
let callsUnderWay = 0;

/**
 * Makes a call whose requests find its observation inside a library that drops the signal. What the library does after the
 * call finds none: since Node.js 24 the storage is kept by what was begun in it, even once disabled. Disables it after the
 * last such call, since it makes every promise of the process slower with earlier versions.
 */
export async function connectRequests<T>(observation: WireObservation, call: () => Promise<T>): Promise<T> {
  const underWay: { observation: WireObservation | undefined } = { observation };
  callsUnderWay++;
  try {
    return await storage.run(underWay, call);
  } finally {
    underWay.observation = undefined;
    if (--callsUnderWay === 0) storage.disable();
  }
}

/** Returns the observation of the call that sends the current request. */
export function currentObservation(): WireObservation | undefined {
  return storage.getStore()?.observation;
}
