import { Readable } from 'node:stream';
import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import { EntraAuthError, GraphChallengeHandler } from 'nestjs-entra-auth';

import { createEngine } from '../../support/engine.js';
import { createGraph, ok, refusal, type Script } from './scripted-graph.js';

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

/** An engine that holds `token-1`, and a Graph in front of it. */
async function setUp(script: Script) {
  const engine = createEngine();
  await engine.service.getToken('graph');
  return { ...engine, ...createGraph(engine.service, script) };
}

const refuses =
  (refused: string, withClaims?: string): Script =>
  ({ token }) =>
    token === refused ? refusal(withClaims) : ok();

describe('GraphChallengeHandler', () => {
  it('answers a claims challenge with a token that carries the claims, and repeats the request once', async () => {
    const { client, credential, sentTokens } = await setUp(refuses('token-1', claims));

    expect(await client.api('/me').get()).toEqual({ id: 'me' });

    expect(sentTokens()).toEqual(['token-1', 'token-2']);
    expect(credential.calls.map(({ options }) => options.claims)).toEqual([undefined, claims]);
  });

  it('leaves the new token with the service, so that further requests use it without claims', async () => {
    const { client, credential, service, sentTokens } = await setUp(refuses('token-1', claims));
    await client.api('/me').get();

    await client.api('/me').get();

    expect(sentTokens()).toEqual(['token-1', 'token-2', 'token-2']);
    expect((await service.getToken('graph')).token).toBe('token-2');
    expect(credential.calls).toHaveLength(2);
  });

  it.each([
    ['with claims', claims],
    ['without claims', undefined],
  ])('lets a second refusal %s through', async (_, withClaims) => {
    const { client, sentTokens } = await setUp(() => refusal(withClaims));

    await expect(client.api('/me').get()).rejects.toMatchObject({
      statusCode: 401,
      code: 'InvalidAuthenticationToken',
    });

    expect(sentTokens()).toEqual(['token-1', 'token-2']);
  });

  it.each([
    ['ENTRA_USER_INTERACTION_REQUIRED', 'Sign in again.'],
    ['ENTRA_TOKEN_UNAVAILABLE', 'Refused.'],
  ] as const)('passes on %s, or the refusal of Graph', async (code, message) => {
    const { service } = createEngine();
    const failing = Object.create(service) as typeof service;
    failing.getToken = (resource, options) =>
      options?.claims === undefined
        ? service.getToken(resource, options)
        : Promise.reject(new EntraAuthError(code, { problem: 'No token.', fix: 'Sign in again.' }));
    const { client } = createGraph(failing, () => refusal(claims));
    await expect(client.api('/me').get()).rejects.toThrow(message);
  });

  it('takes the token that is held by now when the SDK tried again with one that has ended', async () => {
    const { client, credential, service, sentTokens } = await setUp(async ({ token }) => {
      if (sentTokens().length > 1) return token === 'token-1' ? refusal() : ok();
      await service.refresh('graph');
      return new Response(null, { status: 503, headers: { 'retry-after': '0' } });
    });

    expect(await client.api('/me').get()).toEqual({ id: 'me' });

    expect(sentTokens()).toEqual(['token-1', 'token-1', 'token-2']);
    expect(credential.calls).toHaveLength(2);
  });

  it('replaces a token that is refused without claims', async () => {
    const { client, credential, events, sentTokens } = await setUp(refuses('token-1'));

    expect(await client.api('/me').get()).toEqual({ id: 'me' });

    expect(sentTokens()).toEqual(['token-1', 'token-2']);
    expect(credential.calls.every(({ options }) => options.claims === undefined)).toBe(true);
    expect(events.map(({ type }) => type)).toContain('rejected');
  });

  it('believes such a refusal once per cooldown, and sends the same token only once', async () => {
    const { client, credential, sentTokens } = await setUp(() => refusal());

    for (let call = 0; call < 3; call++) await expect(client.api('/me').get()).rejects.toThrow('Refused.');

    expect(credential.calls).toHaveLength(2);
    expect(sentTokens()).toEqual(['token-1', 'token-2', 'token-2', 'token-2']);
  });

  it('does not ask for ever for claims that no token satisfies', async () => {
    const { client, clock, credential } = await setUp(() => refusal(claims));

    for (let call = 0; call < 20; call++) await expect(client.api('/me').get()).rejects.toThrow('Refused.');
    const inTheFirstCooldown = credential.calls.length;
    await clock.advance(31_000);
    for (let call = 0; call < 20; call++) await expect(client.api('/me').get()).rejects.toThrow('Refused.');

    expect(inTheFirstCooldown).toBeLessThanOrEqual(4);
    expect(credential.calls.length - inTheFirstCooldown).toBeLessThanOrEqual(2);
  });

  it('makes one token request for 50 requests that are refused at the same time', async () => {
    const { client, credential, sentTokens } = await setUp(refuses('token-1', claims));

    const answers = await Promise.all(Array.from({ length: 50 }, () => client.api('/me').get() as unknown));

    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ id: 'me' })));
    expect(credential.calls).toHaveLength(2);
    expect(sentTokens().filter((token) => token === 'token-1')).toHaveLength(50);
    expect(sentTokens().filter((token) => token === 'token-2')).toHaveLength(50);
  });

  it('makes none for a request that was sent before the challenge was answered and is refused after', async () => {
    const held: (() => void)[] = [];
    const { client, credential, sentTokens } = await setUp(async ({ token, url }) => {
      if (url.endsWith('/slow') && token === 'token-1') await new Promise<void>((go) => held.push(go));
      return token === 'token-1' ? refusal(claims) : ok();
    });
    const slow = client.api('/slow').get() as Promise<unknown>;
    await client.api('/me').get();

    held.forEach((go) => go());

    expect(await slow).toEqual({ id: 'me' });
    expect(credential.calls).toHaveLength(2);
    expect(sentTokens().at(-1)).toBe('token-2');
  });

  it.each([
    ['with claims', claims],
    ['without claims', undefined],
  ])(
    'lets the refusal %s through when there is no other token, and the held one stays in use',
    async (_, withClaims) => {
      const { client, credential, service, sent } = await setUp(() => refusal(withClaims));
      credential.fail();

      await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: 401 });

      expect(sent).toHaveLength(1);
      expect((await service.getToken('graph')).token).toBe('token-1');
    },
  );

  it('does not hide that there is no token at all', async () => {
    const { service, credential } = createEngine();
    const { client, sent } = createGraph(service, ok);
    credential.fail();

    // The SDK makes an error of its own of every error.
    await expect(client.api('/me').get()).rejects.toMatchObject({
      statusCode: -1,
      code: 'TokenUnavailableError',
    });

    expect(sent).toHaveLength(0);
  });

  it('lets go of the body of a refusal that it answers, so that its connection is free', async () => {
    const cancelled: string[] = [];
    const { client } = await setUp(({ token }) => {
      if (token !== 'token-1') return ok();
      const { status, headers } = refusal(claims);
      const body = new ReadableStream({ cancel: () => void cancelled.push(token) });
      return new Response(body, { status, headers });
    });

    expect(await client.api('/me').get()).toEqual({ id: 'me' });

    expect(cancelled).toEqual(['token-1']);
  });

  it('ends its wait with the signal of the request', async () => {
    const { client, credential } = await setUp(() => refusal(claims));
    credential.hang();
    const abort = new AbortController();
    const request = client.api('/me').option('signal', abort.signal).get() as Promise<unknown>;
    const outcome = expect(request).rejects.toMatchObject({ statusCode: -1, code: 'LeavingError' });

    // The SDK names the error by `instanceof Error`, which the DOMException of a bare abort() need not be here.
    abort.abort(Object.assign(new Error('The page was left.'), { name: 'LeavingError' }));

    await outcome;
  });

  it.each([
    ['JSON', { displayName: 'x' }, '{"displayName":"x"}'],
    ['a string', 'x', 'x'],
    ['a Buffer', Buffer.from('x'), Buffer.from('x')],
    ['a Blob', new Blob(['x']), expect.any(Blob)],
    ['nothing', undefined, undefined],
  ])('repeats a request whose body is %s', async (_, given, body) => {
    const { client, sent } = await setUp(refuses('token-1', claims));

    await client.api('/me').post(given);

    expect(sent.map(({ options }) => [options.method, options.body])).toEqual([
      ['POST', body],
      ['POST', body],
    ]);
  });

  it.each([
    ['a stream of Node', () => Readable.from(['x'])],
    ['a web stream', () => new Blob(['x']).stream()],
  ])('cannot repeat a request whose body is %s, but has the token for the next one', async (_, stream) => {
    const { client, credential, sent, sentTokens } = await setUp(refuses('token-1', claims));

    await expect(client.api('/me/photo').putStream(stream())).rejects.toMatchObject({ statusCode: 401 });
    expect(sent).toHaveLength(1);

    await client.api('/me/photo').putStream(stream());
    expect(sentTokens()).toEqual(['token-1', 'token-2']);
    expect(credential.calls.at(-1)?.options.claims).toBe(claims);
  });

  it('gives no token to another host, and takes no challenge from it', async () => {
    const { client, credential, sentTokens } = await setUp(() => refusal(claims));

    await expect(client.api('https://elsewhere.example/v1.0/me').get()).rejects.toMatchObject({
      statusCode: 401,
    });

    expect(sentTokens()).toEqual([undefined]);
    expect(credential.calls).toHaveLength(1);
  });

  it('takes no challenge from another host that Graph redirects to', async () => {
    const elsewhere = 'https://elsewhere.example/me';
    const { client, credential, sent } = await setUp(({ url }) =>
      url === elsewhere
        ? refusal(claims)
        : new Response(null, { status: 302, headers: { location: elsewhere } }),
    );

    await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: 401 });

    expect(sent.map(({ url, token }) => [url, token])).toEqual([
      ['https://graph.microsoft.com/v1.0/me', 'token-1'],
      [elsewhere, undefined],
    ]);
    expect(credential.calls).toHaveLength(1);
  });

  it('repeats a redirected request from its start, with one set of headers', async () => {
    const moved = 'https://graph.microsoft.com/v1.0/moved';
    const { client, sent } = await setUp(({ url, token }) => {
      if (url !== moved) return new Response(null, { status: 307, headers: { location: moved } });
      return token === 'token-1' ? refusal(claims) : ok();
    });

    expect(await client.api('/me').get()).toEqual({ id: 'me' });

    const first = 'https://graph.microsoft.com/v1.0/me';
    expect(sent.map(({ url, token }) => [url, token])).toEqual([
      [first, 'token-1'],
      [moved, 'token-1'],
      [first, 'token-2'],
      [moved, 'token-2'],
    ]);
    const { Authorization: sentTwice, ...original } = sent[0]?.options.headers as Record<string, string>;
    const { Authorization: once, ...repeated } = sent[2]?.options.headers as Record<string, string>;
    expect([sentTwice, once]).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(Object.keys(repeated)).toEqual(Object.keys(original));
    expect(repeated['SdkVersion']).toBe(original['SdkVersion']);
  });

  it('answers a challenge that comes with 403 once, and invalidates nothing', async () => {
    const { client, credential, events, sentTokens } = await setUp(
      () => new Response('{}', { status: 403, headers: refusal(claims).headers }),
    );

    await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: 403 });
    expect(sentTokens()).toEqual(['token-1', 'token-2']);

    await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: 403 });
    expect(sentTokens()).toHaveLength(3);
    expect(credential.calls.map(({ options }) => options.claims)).toEqual([undefined, claims]);
    expect(events.map(({ type }) => type)).not.toContain('rejected');
  });

  it('leaves 403 without a challenge alone: a permission is missing', async () => {
    const { client, credential, sent } = await setUp(() => new Response('{}', { status: 403 }));

    await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: 403 });

    expect(sent).toHaveLength(1);
    expect(credential.calls).toHaveLength(1);
  });

  it.each([400, 404, 500])('leaves status %i alone, challenge or not', async (status) => {
    const { client, credential, sent } = await setUp(
      () => new Response('{}', { status, headers: refusal(claims).headers }),
    );

    await expect(client.api('/me').get()).rejects.toMatchObject({ statusCode: status });

    expect(sent).toHaveLength(1);
    expect(credential.calls).toHaveLength(1);
  });

  it('shows no token', async () => {
    const { client, handler } = await setUp(refuses('token-1', claims));
    await client.api('/me').get();

    expect(inspect(handler, { depth: Infinity, showHidden: true }) + JSON.stringify(handler)).not.toMatch(
      /token-\d/,
    );
  });

  it('reports that it is the last of its chain', async () => {
    const handler = new GraphChallengeHandler(createEngine().service);

    await expect(handler.execute({ request: 'https://graph.microsoft.com/v1.0/me' })).rejects.toThrow(
      /cannot be the last/,
    );
  });
});
