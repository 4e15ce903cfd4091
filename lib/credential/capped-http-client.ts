import type { HttpClient, PipelineResponse } from '@azure/core-rest-pipeline';

import type { Clock } from '../common/clock.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { currentObservation, noteNetworkError, noteResponse } from '../entra/wire-observation.js';
import { askForStream, readCapped, withoutPage } from './capped-response.js';

const longestAnswer = 8_192;
const repeated = 'Check that this machine can reach it; the request is repeated.';

/**
 * Limits each request in time and its response in size, and notes the response. `@azure/identity` ignores the abort signal
 * and the timeout of `getToken`.
 */
export function capHttpClient(inner: HttpClient, timeoutInMs: number, clock: Clock): HttpClient {
  return {
    async sendRequest(request) {
      const observation = currentObservation();
      const callers = [request.abortSignal, observation?.signal].filter((signal) => signal !== undefined);
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
        askForStream(request);
        const response = await inner.sendRequest(request);
        await readCapped(response);
        const { headers, status } = response;
        const observed = {
          status,
          retryAfter: headers.get('retry-after'),
          date: headers.get('date'),
          answer: answerOf(response),
        };
        noteResponse(observation, observed, clock.now());
        withoutPage(response);
        return response;
      } catch (error) {
        const reason = late ? new EntraTimeoutError('The token endpoint', timeoutInMs, repeated) : error;
        noteNetworkError(observation, reason);
        throw reason;
      } finally {
        clock.clearTimeout(timer);
        for (const signal of callers) signal.removeEventListener('abort', abort);
      }
    },
  };
}

/** Keeps the body of an error response: `@azure/identity` drops that of a failed discovery. */
function answerOf({ status, bodyAsText }: PipelineResponse): string | undefined {
  return status >= 400 ? (bodyAsText ?? '').slice(0, longestAnswer) : undefined;
}
