import { AsyncLocalStorage } from 'node:async_hooks';

import type { AbortSignalLike } from './token-credential.js';

/** What happened on the wire during one call of a credential; its errors say little of that. */
export interface WireObservation {
  /** Ends the requests of the call. */
  signal: AbortSignalLike | undefined;
  /** Status of the last response. */
  statusCode?: number | undefined;
  /** `Retry-After` of the last response, as it came. */
  retryAfter?: string | undefined;
  /** By how much this machine's clock is ahead of the last response's `Date`, in milliseconds. */
  clockAheadInMs?: number | undefined;
  /** The beginning of the last response's body, when it refused. */
  answer?: string | undefined;
  /** Why the last request got no response. */
  networkError?: unknown;
}

/** What a response shows besides its body. */
export interface ObservedResponse {
  status: number;
  /** Header `Retry-After`. */
  retryAfter: string | undefined;
  /** Header `Date`. */
  date: string | undefined;
  /** The beginning of the body, when the response refuses. */
  answer?: string | undefined;
}

/** Notes a response in the observation that it belongs to, if there is one. */
export function noteResponse(
  observation: WireObservation | undefined,
  { status, retryAfter, date, answer }: ObservedResponse,
  now: number,
): void {
  if (observation === undefined) return;
  const ahead = now - Date.parse(date ?? '');
  const clockAheadInMs = Number.isNaN(ahead) ? undefined : ahead;
  Object.assign(observation, {
    statusCode: status,
    retryAfter,
    clockAheadInMs,
    answer,
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
    answer: undefined,
  };
  Object.assign(observation, { ...nothing, networkError });
}

const bySignal = new WeakMap<AbortSignalLike, WireObservation>();

/** Begins to observe the next call of a credential that is given the signal, in place of the call before. */
export function observe(signal: AbortSignalLike): WireObservation {
  const observation: WireObservation = { signal };
  bySignal.set(signal, observation);
  return observation;
}

/** The observation of the call that was given the signal, or a new one that only the caller sees. */
export function observationOf(signal: AbortSignalLike | undefined): WireObservation {
  return (signal === undefined ? undefined : bySignal.get(signal)) ?? { signal };
}

const storage = new AsyncLocalStorage<WireObservation>();
let callsUnderWay = 0;

/**
 * Makes a call whose requests, deep inside a library that drops the signal, are to find its observation. While the storage
 * is enabled every promise of the process costs more, so it is disabled when no such call is under way.
 */
export async function connectRequests<T>(observation: WireObservation, call: () => Promise<T>): Promise<T> {
  callsUnderWay++;
  try {
    return await storage.run(observation, call);
  } finally {
    if (--callsUnderWay === 0) storage.disable();
  }
}

/** The observation of the call that the current request belongs to. */
export function currentObservation(): WireObservation | undefined {
  return storage.getStore();
}
