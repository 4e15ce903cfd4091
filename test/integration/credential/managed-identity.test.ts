import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ManagedIdentityCredential } from '@azure/identity';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialConfiguration, ResourceOptions } from 'nestjs-entra-auth';
import { startLocalEntra, type Fault, type LocalEntra } from 'nestjs-entra-auth/testing';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const environment = { ...process.env };
const scopes = 'https://api.example/.default';
const day = 86_400;
let clock: ManualClock;
let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({
    tokenLifetimeInSeconds: day,
    apis: 'any',
    managedIdentity: { cachesTokens: false, limitsRequests: false },
  });
});

beforeEach(() => {
  clock = new ManualClock(Date.now());
  entra.requests.reset();
});

afterEach(async () => {
  process.env = { ...environment };
  await entra.faults.clear();
});

afterAll(() => entra.stop());

const places = ['imds', 'app-service'] as const;
type Place = (typeof places)[number];

function start(
  credential: CredentialConfiguration = { kind: 'managed-identity' },
  resource?: ResourceOptions,
) {
  return createEngine({
    credential,
    clock,
    refresh: { background: false },
    resources: { api: resource ?? { scopes } },
  });
}

const requestsOf = (place: Place): number =>
  place === 'imds' ? entra.requests.imds : entra.requests.appService;
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe.each(places)('the managed identity of %s', (place) => {
  beforeEach(() => void Object.assign(process.env, entra.environment(place)));

  it('gets a new token with each request, and makes one request a token', async () => {
    const { service } = start();
    const first = await service.getToken('api');
    const second = await service.refresh('api');
    expect(second.token === first.token).toBe(false);
    expect(first.expiresOnTimestamp - Date.now()).toBeGreaterThan((day - 60) * 1000);
    expect(requestsOf(place)).toBe(2);
  });

  it.each([
    ['clientId', () => ({ clientId: entra.client.clientId })],
    ['objectId', () => ({ objectId: entra.client.objectId })],
    ['resourceId', () => ({ resourceId: entra.client.resourceId })],
  ] as const)('is selected by %s', async (_key, ids) => {
    const { service } = start({ kind: 'managed-identity', ...ids() });
    const { token } = await service.getToken('api');
    expect(entra.verifyToken(token, { audience: 'https://api.example' }).oid).toBe(entra.client.objectId);
  });

  it('is told by name when the platform does not know it, for good', async () => {
    const clientId = '99999999-9999-4999-8999-999999999999';
    const { service } = start({ kind: 'managed-identity', clientId });
    const error = await failure(service.getToken('api'));
    expect(error).toMatchObject({ retryable: false, statusCode: 400 });
    expect((error as Error).message).toContain(`Assign the identity with the clientId "${clientId}"`);
    expect((error as Error).message).not.toMatch(/network|can be reached/);
    expect(requestsOf(place)).toBe(1);
  });

  it('takes one scope', async () => {
    const { service } = start();
    const error = await failure(service.getToken([scopes, 'https://other.example/.default']));
    expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('Give one scope') });
    expect(requestsOf(place)).toBe(0);
  });

  const passing: [string, Fault][] = [404, 408, 410, 429, 500, 503].map((status) => [
    `HTTP ${status}`,
    { kind: 'http-status', status, retryAfter: 3_600, body: { error: 'unavailable' } },
  ]);
  it.each(passing)(
    'tells status and Retry-After of %s, and the held token is served',
    async (_title, fault) => {
      const { service } = start();
      const first = await service.getToken('api');
      await entra.faults.set(place, fault);
      const { status: statusCode } = fault as { status: number };
      await expect(service.refresh('api')).rejects.toMatchObject({
        retryable: true,
        statusCode,
        retryAfterInMs: 3_600_000,
      });
      expect((await service.getToken('api')).token === first.token).toBe(true);
      expect(requestsOf(place)).toBe(2);
    },
  );

  it.each([400, 401, 403, 405])('takes HTTP %s for something to be repaired', async (status) => {
    await entra.faults.set(place, { kind: 'http-status', status });
    await expect(start().service.getToken('api')).rejects.toMatchObject({
      retryable: false,
      statusCode: status,
    });
  });

  it('shows nothing of a page or of headers', async () => {
    const headers = { 'content-type': 'text/html', 'set-cookie': 'session=abcdef' };
    await entra.faults.set(place, {
      kind: 'http-status',
      status: 502,
      headers,
      body: '<html>gateway-page</html>',
    });
    const error = await failure(start().service.getToken('api'));
    expect((error as Error).message).toMatch(/answered with HTTP status 502\. The/);
    expect((error as Error).message).not.toMatch(/gateway-page|session|html/);
  });

  it('follows no redirect', async () => {
    const headers = { location: `${entra.imdsUrl}/metadata/identity/oauth2/token` };
    await entra.faults.set(place, { kind: 'http-status', status: 302, headers }, { times: 1 });
    await expect(start().service.getToken('api')).rejects.toMatchObject({ statusCode: 302, retryable: true });
    expect(entra.requests.total).toBe(1);
  });

  it('goes past every proxy', async () => {
    const nowhere = 'http://127.0.0.1:9';
    Object.assign(process.env, {
      HTTP_PROXY: nowhere,
      http_proxy: nowhere,
      ALL_PROXY: nowhere,
      NO_PROXY: 'else.example',
    });
    await expect(start().service.getToken('api')).resolves.toBeDefined();
  });

  it.each(['hang-before-headers', 'hang-in-body'] as const)(
    'puts a deadline on a request (%s)',
    async (kind) => {
      await entra.faults.set(place, { kind });
      const { service } = start({ kind: 'managed-identity', requestTimeoutInMs: 2_000 });
      const failed = failure(service.getToken('api'));
      while (requestsOf(place) === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(2_000);
      expect(await failed).toMatchObject({ message: expect.stringContaining('2000 ms'), retryable: true });
    },
  );

  it.each(['hang-before-headers', 'http-status'] as const)(
    'is what it is when the application has a ManagedIdentityCredential of its own (%s)',
    async (kind) => {
      await new ManagedIdentityCredential().getToken('https://vault.example/.default');
      const { service } = start({ kind: 'managed-identity', requestTimeoutInMs: 2_000 });
      await service.getToken('api');
      entra.requests.reset();
      const fault: Fault = kind === 'http-status' ? { kind, status: 429, retryAfter: 3_600 } : { kind };
      await entra.faults.set(place, fault);
      const failed = failure(service.refresh('api'));
      while (requestsOf(place) === 0) await new Promise((resolve) => setImmediate(resolve));
      if (kind !== 'http-status') await clock.advance(2_000);
      expect(await failed).toMatchObject(
        kind === 'http-status'
          ? { statusCode: 429, retryAfterInMs: 3_600_000 }
          : { message: expect.stringContaining('2000 ms') },
      );
      expect(requestsOf(place)).toBe(1);
    },
  );

  it('an outage after half of the life is a failure, and the state reports it', async () => {
    const { service } = start();
    await service.getToken('api');
    const body = { error: 'unavailable', error_description: 'down' };
    await entra.faults.set(place, { kind: 'http-status', status: 503, body });
    await clock.advance(0.6 * day * 1000);
    await expect(service.refresh('api')).rejects.toMatchObject({ statusCode: 503 });
    expect(service.state('api')).toMatchObject([{ state: 'degraded', failures: 1 }]);
    await entra.faults.clear();
    await service.refresh('api');
    expect(service.state('api')).toMatchObject([{ state: 'fresh', refreshes: 2 }]);
  });

  it('takes the same token for what it is, without a second request', async () => {
    const { service } = start();
    const first = await service.getToken('api');
    await entra.faults.set(place, { kind: 'same-token' });
    await service.refresh('api');
    expect((await service.getToken('api')).token === first.token).toBe(true);
    expect(requestsOf(place)).toBe(2);
  });

  it('asks again after a bad token', async () => {
    const { service } = start();
    await entra.faults.set(place, { kind: 'expired-token', claimedLifetimeInSeconds: 3_600 });
    await expect(service.getToken('api')).rejects.toMatchObject({ cause: { reason: 'expired' } });
    await entra.faults.clear();
    const { token } = await service.refresh('api');
    entra.verifyToken(token, { audience: 'https://api.example' });
  });
});

describe('an endpoint of another kind', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function answering(listener: RequestListener) {
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    Object.assign(process.env, {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: 'identity-header',
    });
    return start().service;
  }

  const tokenFor = (exp: number) => jwt({ aud: 'https://api.example', exp, iat: exp - day });

  it.each<[string, (end: Date) => object]>([
    ['digits', (end) => ({ expires_on: String(+end / 1000) })],
    ['a number', (end) => ({ expires_on: +end / 1000 })],
    ['ISO with Z', (end) => ({ expires_on: end.toISOString() })],
    ['ISO with an offset', (end) => ({ expires_on: end.toISOString().replace('Z', '+00:00') })],
    [
      'a local date',
      (end) => ({
        expires_on: `${end.toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '')} +00:00`,
      }),
    ],
    ['the seconds that are left', () => ({ expires_in: String(day) })],
    ['"now" against the JWT', () => ({ expires_on: String(Math.floor(Date.now() / 1000)) })],
    ['nothing', () => ({})],
  ])('states the end of a token as %s', async (_form, times) => {
    const end = new Date((Math.floor(Date.now() / 1000) + day) * 1000);
    const service = await answering((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: tokenFor(+end / 1000), ...times(end) }));
    });
    const { expiresOnTimestamp } = await service.getToken('api');
    expect(Math.abs(expiresOnTimestamp - +end)).toBeLessThan(5_000);
  });

  it('answers with an opaque token and times that cannot be read', async () => {
    const service = await answering((_request, response) => {
      response.end(JSON.stringify({ access_token: 'opaque', expires_on: 'soon' }));
    });
    await expect(service.getToken('api')).rejects.toMatchObject({
      message: expect.stringContaining('times that cannot be read'),
    });
  });

  it.each([
    ['a body of more than 1 MiB', { body: Buffer.alloc(2 ** 20 + 1, ' ') }, /longer than 1048576 bytes/],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' } }, /compressed/],
    [
      'a token of more than 64 KiB',
      { body: JSON.stringify({ access_token: 'a'.repeat(65_537), expires_in: 9 }) },
      /65537 characters/,
    ],
    ['headers without end', { headers: { 'x-long': 'a'.repeat(100_000) } }, /gave no response/],
  ])(
    'answers with %s',
    async (_title, { body = '{}', headers = {} }: { body?: Buffer | string; headers?: object }, message) => {
      const service = await answering((_request, response) => {
        response.writeHead(200, { ...headers });
        response.end(body);
      });
      const error = await failure(service.getToken('api'));
      expect((error as Error).message).toMatch(message);
    },
  );

  it('repeats the header that authenticates, which then stands in no text', async () => {
    const service = await answering(({ headers }, response) => {
      response
        .writeHead(500)
        .end(JSON.stringify({ message: `bad header ${String(headers['x-identity-header'])}` }));
    });
    const error = await failure(service.getToken('api'));
    expect((error as Error).message).toContain('bad header [redacted]');
  });

  it('has no address', async () => {
    Object.assign(process.env, { IDENTITY_ENDPOINT: 'localhost', IDENTITY_HEADER: 'identity-header' });
    await expect(start().service.getToken('api')).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('"IDENTITY_ENDPOINT" is not a URL'),
    });
  });
});
