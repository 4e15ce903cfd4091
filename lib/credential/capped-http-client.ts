import type { HttpClient } from '@azure/core-rest-pipeline';

import { EntraTimeoutError } from '../errors/timeout.error.js';
import type { Clock } from '../refresh/clock.js';
import { wireObservation, type WireObservation } from './wire-observation.js';

const repeated = 'The request is repeated.';

/**
 * Puts a deadline on each request, headers and body, and notes what came back. `@azure/identity` ignores the abort
 * signal and the timeout of `getToken`.
 */
export function capHttpClient(inner: HttpClient, timeoutInMs: number, clock: Clock): HttpClient {
  return {
    async sendRequest(request) {
      const observation: WireObservation = wireObservation.getStore() ?? { signal: undefined };
      const callers = [request.abortSignal, observation.signal].filter((signal) => signal !== undefined);
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      let late = false;
      const timer = clock.setTimeout(() => {
        late = true;
        abort();
      }, timeoutInMs);
      for (const signal of callers) {
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort);
      }
      request.abortSignal = controller.signal;
      try {
        controller.signal.throwIfAborted();
        const response = await inner.sendRequest(request);
        const retryAfter = response.headers.get('retry-after');
        Object.assign(observation, { statusCode: response.status, retryAfter, networkError: undefined });
        return response;
      } catch (error) {
        const reason = late ? new EntraTimeoutError('The token endpoint', timeoutInMs, repeated) : error;
        Object.assign(observation, { statusCode: undefined, retryAfter: undefined, networkError: reason });
        throw reason;
      } finally {
        clock.clearTimeout(timer);
        for (const signal of callers) signal.removeEventListener('abort', abort);
      }
    },
  };
}
