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
  /** Why the last request got no response. */
  networkError?: unknown;
}

/** Connects a call of a credential with the requests that it makes deep inside. */
export const wireObservation = new AsyncLocalStorage<WireObservation>();
