import type { PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';

import {
  deepestJson,
  isBoundedJson,
  longestBodyInBytes,
  mostJsonValues,
  parseJsonObject,
} from '../common/json-object.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';

// `@azure/identity` 4.14 puts every header of an unreadable response into its error.
const keptHeaders: ReadonlySet<string> = new Set(['content-type', 'date', 'retry-after', 'www-authenticate']);
const isJson = /^\s*[[{]/;

/** Requests the response as a stream and uncompressed: 400 kB can become 400 MB. */
export function askForStream(request: PipelineRequest): void {
  request.headers.set('accept-encoding', 'identity');
  request.streamResponseStatusCodes = new Set([Infinity]);
}

/**
 * Reads the body of a response up to 1 MiB.
 *
 * @throws {TokenRequestFailedError} when it is longer, or a success in JSON beyond the limits of the parser
 */
export async function readCapped(response: PipelineResponse): Promise<void> {
  const { readableStreamBody: stream, request, status } = response;
  delete request.streamResponseStatusCodes;
  delete response.readableStreamBody;
  if (stream === undefined) return;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > longestBodyInBytes) throw tooLong(status);
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks).toString('utf8');
  // The body of an error response is dropped later if it is not JSON.
  if (status < 400 && isJson.test(body) && !isBoundedJson(body)) throw tooDeep(status);
  response.bodyAsText = body;
}

/** Removes what must not appear in an error: cookies, and the page of a gateway. */
export function withoutPage(response: PipelineResponse): void {
  for (const [name] of [...response.headers]) {
    if (!keptHeaders.has(name.toLowerCase())) response.headers.delete(name);
  }
  if (response.status >= 400 && parseJsonObject(response.bodyAsText ?? '') === undefined) {
    response.bodyAsText = '';
  }
}

function tooLong(statusCode: number): TokenRequestFailedError {
  return unlikeTokenEndpoint(statusCode, `more than ${longestBodyInBytes} bytes`);
}

function tooDeep(statusCode: number): TokenRequestFailedError {
  return unlikeTokenEndpoint(
    statusCode,
    `JSON of more than ${deepestJson} levels or ${mostJsonValues} values`,
  );
}

function unlikeTokenEndpoint(statusCode: number, what: string): TokenRequestFailedError {
  return new TokenRequestFailedError(
    `The token endpoint returned ${what}.`,
    'Check what responds at the token endpoint, such as a proxy in between.',
    { retryable: true, statusCode },
  );
}
