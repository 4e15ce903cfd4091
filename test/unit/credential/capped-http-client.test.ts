import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';

import { createHttpHeaders, createPipelineRequest, type HttpClient } from '@azure/core-rest-pipeline';
import { describe, expect, it } from '@jest/globals';

import { capHttpClient } from '../../../lib/credential/capped-http-client.js';
import { readCapped, withoutPage } from '../../../lib/credential/capped-response.js';
import { connectRequests, type WireObservation } from '../../../lib/entra/wire-observation.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

async function observe(
  url: string,
  requestHeaders: Record<string, string>,
  answer: HttpClient['sendRequest'],
) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
  const observation: WireObservation = { signal: undefined };
  const client = capHttpClient({ sendRequest: answer }, 1_000, clock);
  const headers = createHttpHeaders(requestHeaders);
  const sent = connectRequests(observation, () =>
    client.sendRequest(createPipelineRequest({ url, headers, allowInsecureConnection: true })),
  );
  await sent.catch(() => undefined);
  return observation;
}

const answer =
  (status: number, headers: Record<string, string> = {}): HttpClient['sendRequest'] =>
  (request) =>
    Promise.resolve({ request, status, headers: createHttpHeaders(headers) });

describe('what is observed of a request', () => {
  it('is its status, Retry-After, and by how much the clock is ahead of its Date', async () => {
    const headers = { 'retry-after': '7', date: 'Thu, 01 Jan 2026 10:00:00 GMT' };
    const observation = await observe('https://login.example/token', {}, answer(503, headers));
    expect(observation).toMatchObject({ statusCode: 503, retryAfter: '7', clockAheadInMs: 7_200_000 });
  });

  it('is why there was no response', async () => {
    const observation = await observe('https://login.example/token', {}, () =>
      Promise.reject(new Error('ECONNREFUSED')),
    );
    expect(observation.networkError).toMatchObject({ message: 'ECONNREFUSED' });
    expect(observation.statusCode).toBeUndefined();
  });
});

it('of the headers of a response only those stay that a credential reads', () => {
  const headers = createHttpHeaders({
    'content-type': 'text/html',
    date: 'd',
    'retry-after': '7',
    'www-authenticate': 'Basic realm=file',
    'set-cookie': 'session=hush',
  });
  const request = createPipelineRequest({ url: 'https://login.example' });
  const page = { request, status: 400, headers, bodyAsText: '<html>hush</html>' };
  withoutPage(page);
  expect(Object.keys(headers.toJSON())).toEqual(['content-type', 'date', 'retry-after', 'www-authenticate']);
  expect(page.bodyAsText).toBe('');
  const refusal = { ...page, bodyAsText: '{"error":"x"}' };
  withoutPage(refusal);
  expect(refusal.bodyAsText).toBe('{"error":"x"}');
  const success = { ...page, status: 399, bodyAsText: 'a page' };
  withoutPage(success);
  expect(success.bodyAsText).toBe('a page');
});

it('passes on why a request failed', async () => {
  const reason = new Error('connect ECONNREFUSED');
  const client = capHttpClient({ sendRequest: () => Promise.reject(reason) }, 1_000, new ManualClock());
  const request = createPipelineRequest({ url: 'https://login.example' });
  await expect(client.sendRequest(request)).rejects.toBe(reason);
});

it('leaves nothing on the signals of a request that has ended', async () => {
  const { signal } = new AbortController();
  const client = capHttpClient({ sendRequest: answer(200) }, 1_000, new ManualClock());
  const url = 'https://login.example';
  await client.sendRequest(createPipelineRequest({ url, abortSignal: signal }));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it.each([
  [200, true],
  [399, true],
  [400, false],
])('a body of 65 levels with status %d is refused: %p', async (status, isRefused) => {
  const body = '['.repeat(65) + ']'.repeat(65);
  const request = createPipelineRequest({ url: 'https://login.example' });
  const headers = createHttpHeaders();
  const response = { request, status, headers, readableStreamBody: Readable.from([body]) };
  const read = readCapped(response).then(
    () => Reflect.get(response, 'bodyAsText') as unknown,
    (error: unknown) => error,
  );
  if (isRefused) expect(await read).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
  else expect(await read).toBe(body);
});
