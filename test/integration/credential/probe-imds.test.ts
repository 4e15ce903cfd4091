import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { imdsEndpoint } from '../../../lib/credential/managed-identity/identity-endpoint.js';
import { probeImds } from '../../../lib/credential/managed-identity/probe-imds.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

describe('the probe for IMDS', () => {
  let server: Server | undefined;
  const clock = new ManualClock();

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    expect(clock.pendingTimers).toBe(0);
  });

  async function serve(listener: RequestListener) {
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { ...imdsEndpoint(), url: new URL(`http://127.0.0.1:${port}/metadata/identity/oauth2/token`) };
  }

  it('is a request that IMDS refuses at once, and the refusal shows that it is there', async () => {
    const seen: unknown[] = [];
    const endpoint = await serve(({ url, headers }, response) => {
      seen.push(url, headers['metadata']);
      response.writeHead(400).end();
    });
    await expect(probeImds(clock, undefined, endpoint)).resolves.toBeUndefined();
    expect(seen).toEqual(['/metadata/identity/oauth2/token', undefined]);
  });

  it('finds nothing where connections are refused', async () => {
    const endpoint = await serve(() => undefined);
    server?.close();
    if (server !== undefined) await once(server, 'close');
    const reason = `IMDS (${endpoint.url.host}) cannot be reached (ECONNREFUSED)`;
    await expect(probeImds(clock, undefined, endpoint)).resolves.toEqual({ reason, passing: false });
  });

  it('finds nothing where the network of a container answers', async () => {
    const endpoint = await serve((_request, response) => {
      response.writeHead(403).end('A socket operation was attempted to an unreachable network.');
    });
    await expect(probeImds(clock, undefined, endpoint)).resolves.toMatchObject({ passing: false });
  });

  it('waits a second, and takes what accepts a connection and is silent for something that is unwell', async () => {
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const endpoint = await serve(() => arrived());
    const probe = probeImds(clock, undefined, endpoint);
    await arrival;
    await clock.advance(1_000);
    const reason = `IMDS (${endpoint.url.host}) did not answer within 1000 ms`;
    await expect(probe).resolves.toEqual({ reason, passing: true });
  });
});
