import type { HttpClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';

import type { Clock } from '../common/clock.js';
import type { AbortSignalLike } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { currentObservation, noteNetworkError, noteResponse } from '../entra/wire-observation.js';
import { askForStream, readCapped, withoutPage } from './capped-response.js';

const longestErrorBody = 8_192;
const repeated = 'Check that this machine can reach it; the request is repeated.';

/**
 * Limits each request in time and its response in size, and notes the response. `@azure/identity` ignores the abort signal
 * and the timeout of `getToken`.
 */
export function capHttpClient(inner: HttpClient, timeoutInMs: number, clock: Clock): HttpClient {
  return { sendRequest: (request) => send(inner, request, timeoutInMs, clock) };
}

async function send(
  inner: HttpClient,
  request: PipelineRequest,
  timeoutInMs: number,
  clock: Clock,
): Promise<PipelineResponse> {
  const observation = currentObservation();
  const deadline = startDeadline([request.abortSignal, observation?.signal], timeoutInMs, clock);
  request.abortSignal = deadline.signal;
  try {
    deadline.signal.throwIfAborted();
    askForStream(request);
    const response = await inner.sendRequest(request);
    await readCapped(response);
    const { headers, status } = response;
    const observed = {
      status,
      retryAfter: headers.get('retry-after'),
      date: headers.get('date'),
      errorBody: errorBodyOf(response),
    };
    noteResponse(observation, observed, clock.now());
    withoutPage(response);
    return response;
  } catch (error) {
    const reason = deadline.isReached()
      ? new EntraTimeoutError('The token endpoint', timeoutInMs, repeated)
      : error;
    noteNetworkError(observation, reason);
    throw reason;
  } finally {
    deadline.end();
  }
}

interface Deadline {
  signal: AbortSignal;
  isReached(): boolean;
  end(): void;
}

/** Makes a signal that aborts at the deadline, or together with one of the others. */
function startDeadline(
  others: readonly (AbortSignalLike | undefined)[],
  timeoutInMs: number,
  clock: Clock,
): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  let isReached = false;
  const timer = clock.setTimeout(() => {
    isReached = true;
    abort();
  }, timeoutInMs);
  for (const signal of others) {
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
  }
  return {
    signal: controller.signal,
    isReached: () => isReached,
    end: () => {
      clock.clearTimeout(timer);
      for (const signal of others) signal?.removeEventListener('abort', abort);
    },
  };
}

/** Keeps the body of an error response: `@azure/identity` drops that of a failed discovery. */
function errorBodyOf({ status, bodyAsText }: PipelineResponse): string | undefined {
  return status >= 400 ? (bodyAsText ?? '').slice(0, longestErrorBody) : undefined;
}
