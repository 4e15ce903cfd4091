import type { EndpointRequest, EndpointResponse } from '../http/endpoint.js';
import { EntraError } from './entra.error.js';

/** The answer as a successful response, or the {@link EntraError} that it throws as a refusal. */
export function answerOrRefuse(
  request: EndpointRequest,
  now: () => number,
  answer: () => object,
): EndpointResponse {
  try {
    return { status: 200, body: answer() };
  } catch (error) {
    if (error instanceof EntraError) return error.toResponse(now(), request);
    throw error;
  }
}
