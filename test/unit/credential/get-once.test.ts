import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { deferred } from '../../../lib/common/deadline.js';
import {
  getOnce,
  type HttpResponse,
  type SingleGet,
} from '../../../lib/credential/managed-identity/get-once.js';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<unknown>((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
});

async function start(listener: RequestListener): Promise<URL> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/token?a=1`);
}

function get(
  url: URL,
  more: Partial<SingleGet> = {},
): { clock: ManualClock; response: Promise<HttpResponse> } {
  const clock = new ManualClock();
  const response = getOnce({
    name: 'The endpoint',
    url,
    headers: { metadata: 'true' },
    timeoutInMs: 1_000,
    clock,
    ...more,
  });
  response.catch(() => undefined);
  return { clock, response };
}

describe('one GET request', () => {
  it('sends its headers, and returns status, times and body', async () => {
    const seen: unknown[] = [];
    const url = await start((request, response) => {
      seen.push([request.method, request.url, request.headers]);
      response.writeHead(503, { 'retry-after': '7', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('{"a":1}');
    });
    const { clock, response } = get(url);
    await expect(response).resolves.toEqual({
      status: 503,
      retryAfter: '7',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
      body: '{"a":1}',
    });
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', metadata: 'true' };
    expect(seen).toEqual([['GET', '/token?a=1', expect.objectContaining(headers)]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('follows no redirect', async () => {
    let requests = 0;
    const url = await start((_, response) => {
      requests++;
      response.writeHead(302, { location: '/other' }).end();
    });
    await expect(get(url).response).resolves.toMatchObject({ status: 302 });
    expect(requests).toBe(1);
  });

  it('has a deadline over connecting, headers and body', async () => {
    const arrived = deferred<void>();
    const url = await start((_, response) => {
      response.writeHead(200).write('{');
      arrived.resolve();
    });
    const { clock, response } = get(url);
    await arrived.promise;
    await clock.advance(1_000);
    await expect(response).rejects.toMatchObject({ code: 'ENTRA_TIMEOUT', connected: true });
    await expect(response).rejects.toThrow(
      'The endpoint took longer than 1000 ms. Check that this machine can reach it',
    );
  });

  it('tells that no connection was made by the deadline', async () => {
    const timers: (() => void)[] = [];
    const clock = {
      ...new ManualClock(),
      setTimeout: (callback: () => void) => timers.push(callback),
      clearTimeout: () => undefined,
    };
    const { response } = get(new URL('http://127.0.0.1:9/'), { clock });
    timers[0]?.();
    await expect(response).rejects.toMatchObject({ code: 'ENTRA_TIMEOUT', connected: false });
  });

  it('rejects with what the network throws', async () => {
    const url = await start((request) => request.destroy());
    const { clock, response } = get(url);
    await expect(response).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes a megabyte, and no byte more', async () => {
    const url = await start((request, response) =>
      response.end('a'.repeat(2 ** 20 + Number(request.headers['more']))),
    );
    const size = async (more: string) => (await get(url, { headers: { more } }).response).body.length;
    await expect(size('0')).resolves.toBe(2 ** 20);
    await expect(size('1')).rejects.toThrow('the response is longer than 1048576 bytes');
  });

  it('takes no body that is compressed', async () => {
    const url = await start((request, response) => {
      response.writeHead(200, { 'content-encoding': String(request.headers['encoding']) }).end('x');
    });
    await expect(get(url, { headers: { encoding: 'gzip' } }).response).rejects.toThrow(
      'the response is compressed',
    );
    await expect(get(url, { headers: { encoding: 'identity' } }).response).resolves.toMatchObject({
      body: 'x',
    });
  });
});

describe('a signal', () => {
  it('ends the request', async () => {
    const controller = new AbortController();
    const url = await start(() => controller.abort());
    const { clock, response } = get(url, { signal: controller.signal });
    await expect(response).rejects.toMatchObject({
      name: 'AbortError',
      message: 'The request was aborted.',
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('that was aborted before ends it at once', async () => {
    let requests = 0;
    const url = await start((_, response) => {
      requests++;
      response.end();
    });
    await expect(get(url, { signal: AbortSignal.abort() }).response).rejects.toThrow(
      'The request was aborted.',
    );
    expect(requests).toBe(0);
  });
});
