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
export function noteResponse({ status, retryAfter, date, answer }: ObservedResponse, now: number): void {
  const ahead = now - Date.parse(date ?? '');
  const clockAheadInMs = Number.isNaN(ahead) ? undefined : ahead;
  const observation = wireObservation.getStore();
  if (observation === undefined) return;
  Object.assign(observation, {
    statusCode: status,
    retryAfter,
    clockAheadInMs,
    answer,
    networkError: undefined,
  });
}

/** Notes that a request got no response. */
export function noteNetworkError(networkError: unknown): void {
  const observation = wireObservation.getStore();
  if (observation === undefined) return;
  const nothing = {
    statusCode: undefined,
    retryAfter: undefined,
    clockAheadInMs: undefined,
    answer: undefined,
  };
  Object.assign(observation, { ...nothing, networkError });
}

/** Connects a call of a credential with the requests that it makes deep inside. */
export const wireObservation = new AsyncLocalStorage<WireObservation>();
