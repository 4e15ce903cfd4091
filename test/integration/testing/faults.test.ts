import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import {
  startLocalEntra,
  type Fault,
  type LocalEntra,
  type ResponseFault,
} from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, send, type WireResponse } from './local-entra.fixture.js';

const anHour = 3600;

describe('Faults', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra();
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());
  afterEach(() => entra.faults.clear());

  const errorCodeOf = (response: Promise<WireResponse>) =>
    response.then(
      ({ status }) => `status ${status}`,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );

  describe('in the answer', () => {
    it.each([401, 408, 500, 502, 503])('status %i, with an empty body', async (status) => {
      await entra.faults.set('token', { kind: 'http-status', status });
      expect(await askForToken(entra)).toMatchObject({ status, body: '' });
    });

    it('429 with Retry-After, headers and a body of its own', async () => {
      const fault: Fault = {
        kind: 'http-status',
        status: 429,
        retryAfter: 30,
        headers: { 'x-ms-request-id': 'r' },
        body: { error: 'too_many_requests' },
      };
      await entra.faults.set('token', fault);
      const response = await askForToken(entra);
      expect(response).toMatchObject({
        status: 429,
        headers: { 'retry-after': '30', 'x-ms-request-id': 'r' },
      });
      expect(response.json()).toEqual({ error: 'too_many_requests' });
    });

    it('an AADSTS code that the local Entra knows', async () => {
      await entra.faults.set('token', { kind: 'entra-error', code: 7000222 });
      const response = await askForToken(entra);
      expect(response.status).toBe(401);
      expect(response.json()).toMatchObject({ error: 'invalid_client', error_codes: [7000222] });
      expect(response.body).toContain('AADSTS7000222: The provided client secret keys are expired.');
    });

    it('an AADSTS code that it does not know, as a successful response', async () => {
      await entra.faults.set('token', {
        kind: 'entra-error',
        code: 123,
        error: 'invalid_grant',
        status: 200,
      });
      const response = await askForToken(entra);
      expect(response.status).toBe(200);
      expect(response.json()).toMatchObject({ error: 'invalid_grant', error_codes: [123] });
    });

    it('JSON that ends in the middle', async () => {
      await entra.faults.set('token', { kind: 'invalid-json' });
      const response = await askForToken(entra);
      expect(response).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-8' },
      });
      expect(() => response.json()).toThrow(SyntaxError);
    });

    it('the HTML page of a proxy', async () => {
      await entra.faults.set('token', { kind: 'html-page' });
      const response = await askForToken(entra);
      expect(response).toMatchObject({
        status: 502,
        headers: { 'content-type': 'text/html; charset=utf-8' },
      });
      expect(response.body).toMatch(/^<!doctype html>/);
    });
  });

  describe('of the connection', () => {
    it('refused, on the same port afterwards', async () => {
      await entra.faults.set('token', { kind: 'connection-refused' });
      expect(await errorCodeOf(askForToken(entra))).toBe('ECONNREFUSED');
      expect((await send(entra, `${entra.graphUrl}/v1.0/me`)).status).toBe(401);
      expect(entra.requests.token).toBe(0);
      await entra.faults.clear('token');
      expect((await askForToken(entra)).status).toBe(200);
    });

    it('refused everywhere, and again and again', async () => {
      for (let round = 0; round < 3; round++) {
        await entra.faults.set('all', { kind: 'connection-refused' });
        const urls = [entra.authorityHost, entra.graphUrl, entra.imdsUrl, entra.appService.endpoint];
        const codes = await Promise.all(urls.map((url) => errorCodeOf(send(entra, url))));
        expect(codes).toEqual(Array(4).fill('ECONNREFUSED'));
        await entra.faults.clear();
        expect(await errorCodeOf(send(entra, `${entra.graphUrl}/v1.0/me`))).toBe('status 401');
      }
    });

    it('refused and accepted in the same breath: the last call counts', async () => {
      void entra.faults.set('token', { kind: 'connection-refused' });
      void entra.faults.clear();
      await entra.faults.set('token', { kind: 'connection-refused' });
      expect(await errorCodeOf(askForToken(entra))).toBe('ECONNREFUSED');
    });

    it('reset', async () => {
      await entra.faults.set('token', { kind: 'connection-reset' });
      // "socket hang up" would have the same code, but is an orderly end.
      await expect(askForToken(entra)).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
      expect(entra.requests.token).toBe(1);
    });

    it('hanging before the headers', async () => {
      await entra.faults.set('token', { kind: 'hang-before-headers' });
      expect(await errorCodeOf(askForToken(entra, {}, { timeoutInMs: 100 }))).toBe('timed out');
    });

    it('hanging inside the body', async () => {
      await entra.faults.set('token', { kind: 'hang-in-body' });
      const controller = new AbortController();
      const { request } = await import('node:https');
      const [status, firstBytes] = await new Promise<[number | undefined, string]>((resolve, reject) => {
        const url = `${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/token`;
        const options = { method: 'POST', ca: entra.certificateAuthority, signal: controller.signal };
        const outgoing = request(url, options, (response) => {
          response.once('data', (chunk: Buffer) => resolve([response.statusCode, chunk.toString()]));
          response.once('end', () => reject(new Error('The body has ended.')));
          response.once('error', () => undefined);
        });
        outgoing.once('error', reject);
        outgoing.end('grant_type=password');
      });
      controller.abort();
      expect(status).toBe(400);
      expect(firstBytes).toMatch(/^\{"error":/);
      expect(() => JSON.parse(firstBytes) as unknown).toThrow(SyntaxError);
    });
  });

  describe('in the token', () => {
    const claims = (token: string) => jwt.decode(token) as jwt.JwtPayload;
    const nowInSeconds = () => Math.floor(Date.now() / 1000);

    it('expired on arrival', async () => {
      await entra.faults.set('token', { kind: 'expired-token' });
      const response = (await askForToken(entra)).json<{ access_token: string; expires_in: number }>();
      expect(claims(response.access_token).exp).toBeLessThan(nowInSeconds());
      expect(response.expires_in).toBe(0);
    });

    it('expired on arrival, while the response promises an hour', async () => {
      await entra.faults.set('token', { kind: 'expired-token', claimedLifetimeInSeconds: anHour });
      const response = (await askForToken(entra)).json<{ access_token: string; expires_in: number }>();
      expect(claims(response.access_token).exp).toBeLessThan(nowInSeconds());
      expect(response.expires_in).toBe(anHour);
    });

    it('the same for ever', async () => {
      const first = await accessToken(askForToken(entra));
      await entra.faults.set('token', { kind: 'same-token' });
      expect(await accessToken(askForToken(entra))).toBe(first);
      expect(await accessToken(askForToken(entra))).toBe(first);
      const other = await accessToken(askForToken(entra, { scope: 'https://vault.azure.net/.default' }));
      expect(claims(other).aud).toBe('https://vault.azure.net');
      await entra.faults.clear();
      expect(await accessToken(askForToken(entra))).not.toBe(first);
    });

    it('for another API', async () => {
      await entra.faults.set('token', { kind: 'wrong-audience' });
      expect(claims(await accessToken(askForToken(entra))).aud).toBe('https://management.azure.com');
    });

    it('huge, and yet good', async () => {
      await entra.faults.set('token', { kind: 'huge-token' });
      const token = await accessToken(askForToken(entra));
      expect(token.length).toBeGreaterThan(7_500);
      expect(token.length).toBeLessThan(10_000);
      expect(entra.verifyToken(token, { audience: graph }).groups).toHaveLength(145);
      await entra.faults.set('token', { kind: 'huge-token', minimumLength: 20_000 });
      expect((await accessToken(askForToken(entra))).length).toBeGreaterThan(20_000);
    });

    it('reaches managed identities too', async () => {
      await entra.faults.set('all', { kind: 'wrong-audience', audience: 'api://other' });
      const imds = `${entra.imdsUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${graph}`;
      const token = await accessToken(send(entra, imds, { headers: { metadata: 'true' } }));
      expect(claims(token).aud).toBe('api://other');
    });
  });

  it('last for as many requests as wanted, those that overlap included', async () => {
    await entra.faults.set('token', { kind: 'http-status', status: 503 }, { times: 2 });
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await askForToken(entra)).status),
    );
    expect(statuses.sort()).toEqual([200, 200, 503, 503]);
    expect(entra.requests.token).toBe(4);
  });

  it('touch the endpoint that they are set for and no other', async () => {
    await entra.faults.set('discovery', { kind: 'http-status', status: 500 });
    const configuration = `${entra.authorityHost}/${entra.tenantId}/v2.0/.well-known/openid-configuration`;
    expect((await send(entra, configuration)).status).toBe(500);
    expect((await askForToken(entra)).status).toBe(200);
    await entra.faults.set('graph', { kind: 'http-status', status: 504 });
    expect((await send(entra, `${entra.graphUrl}/v1.0/me`)).status).toBe(504);
    await entra.faults.clear('discovery');
    expect((await send(entra, configuration)).status).toBe(200);
    expect((await send(entra, `${entra.graphUrl}/v1.0/me`)).status).toBe(504);
  });

  it('that make no sense are refused', async () => {
    const refused: ResponseFault = { kind: 'connection-refused' };
    await expect(entra.faults.set('token', refused, { times: 1 })).rejects.toThrow('cannot be counted');
    await expect(entra.faults.set('graph', { kind: 'huge-token' })).rejects.toThrow('issues no token');
    await expect(entra.faults.set('token', { kind: 'html-page' }, { times: 0 })).rejects.toThrow('"times"');
  });

  it('latency delays the answer', async () => {
    entra.latencyInMs = 60;
    const started = performance.now();
    await askForToken(entra);
    entra.latencyInMs = 0;
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  });
});
