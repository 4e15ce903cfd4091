import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import type { Clock } from '../../common/clock.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { longestBodyInBytes } from '../../common/json-object.js';
import { isError } from '../../common/thrown.js';
import type { AbortSignalLike } from '../../entra/token-credential.js';

/** One GET request and its limits. */
export interface SingleGet {
  /** Names the endpoint in errors. */
  name: string;
  url: URL;
  headers: Record<string, string>;
  /** Deadline over connecting, headers and body, in milliseconds. */
  timeoutInMs: number;
  clock: Clock;
  signal?: AbortSignalLike | undefined;
}

export interface HttpResponse {
  status: number;
  /** Header `Retry-After`. */
  retryAfter: string | undefined;
  /** Header `Date`. */
  date: string | undefined;
  body: string;
}

// Own agents: neither NODE_USE_ENV_PROXY nor a global agent of the application applies.
const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent() };

/**
 * Sends one GET request. Never goes through a proxy, follows no redirect, repeats nothing.
 *
 * @throws {EntraTimeoutError} when the response was incomplete at the deadline; `connected` tells whether a connection was made
 * @throws {RangeError} when the body is larger than 1 MiB or compressed
 * @throws what the network throws, or the signal's reason
 */
export function getOnce({
  name,
  url,
  headers,
  timeoutInMs,
  clock,
  signal,
}: SingleGet): Promise<HttpResponse> {
  const secure = url.protocol === 'https:';
  return new Promise<HttpResponse>((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      agent: secure ? agents['https:'] : agents['http:'],
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
    });
    let connected = false;
    const settle = (outcome: () => void): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      outcome();
      outgoing.destroy();
    };
    const fail = (error: unknown): void =>
      settle(() => reject(isError(error) ? error : new Error(String(error))));
    const abort = (): void =>
      settle(() => reject(new DOMException('The request was aborted.', 'AbortError')));
    const timer = clock.setTimeout(() => {
      const advice = 'Check that this machine can reach it; the background refresh tries again.';
      fail(Object.assign(new EntraTimeoutError(name, timeoutInMs, advice), { connected }));
    }, timeoutInMs);
    signal?.addEventListener('abort', abort);
    outgoing.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      readBody(response).then((body) => settle(() => resolve(responseOf(response, body))), fail);
    });
    outgoing.end();
    if (signal?.aborted) abort();
  });
}

function responseOf({ statusCode, headers }: IncomingMessage, body: string): HttpResponse {
  return { status: statusCode ?? 0, retryAfter: headers['retry-after'], date: headers.date, body };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new RangeError('the response is compressed');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBodyInBytes)
      throw new RangeError(`the response is longer than ${longestBodyInBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
