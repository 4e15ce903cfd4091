import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  MemoryRefreshTokenStore,
  RefreshTokenCredential,
  type RefreshTokenCredentialOptions,
  type TokenResponse,
} from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { goodBody, ScriptedTokenServer } from '../../support/scripted-token-server.js';

const graph = 'https://graph.microsoft.com/.default';
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 0, 1);

let server: ScriptedTokenServer;
let clock: ManualClock;
let store: FaultyStore;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  clock = new ManualClock(now);
  store = new FaultyStore();
});

const credentialWith = (options: Partial<RefreshTokenCredentialOptions> = {}) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    clientSecret: 'the-secret',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: 'initial',
    store,
    clock,
    ...options,
  });

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('There was no failure.'),
    (error: unknown) => error as Error,
  );

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a redemption', () => {
  it('sends what the grant requires, and stores the new refresh token before it hands anything out', async () => {
    let storedFirst: string | undefined;
    const credential = credentialWith({
      onTokenResponse: () => void (storedFirst = store.saved.at(-1)?.refreshToken),
    });
    const token = await credential.getToken(graph);
    expect(token).toMatchObject({
      token: 'access-1',
      expiresOnTimestamp: now + hour,
      tokenType: 'Bearer',
    });
    expect(storedFirst).toBe('refresh-1');
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      path: '/contoso.example/oauth2/v2.0/token',
      form: {
        grant_type: 'refresh_token',
        refresh_token: 'initial',
        client_id: 'the-client',
        client_secret: 'the-secret',
        scope: `${graph} offline_access`,
      },
    });
    expect(store.saved).toEqual([
      {
        refreshToken: 'refresh-1',
        obtainedOnTimestamp: now,
        accessTokens: {
          [`contoso.example|${graph}`]: {
            token: 'access-1',
            acquiredOnTimestamp: now,
            expiresOnTimestamp: now + hour,
          },
        },
      },
    ]);
  });

  it('happens once for fifty who ask together', async () => {
    const credential = credentialWith({ shareAccessTokens: false });
    const tokens = await Promise.all(Array.from({ length: 50 }, () => credential.getToken(graph)));
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['access-1']));
    expect(server.redeemed).toEqual(['initial']);
  });

  it('happens one after the other for different scopes, each with the successor of the last', async () => {
    const credential = credentialWith();
    await Promise.all([credential.getToken('api://one/.default'), credential.getToken('api://two/.default')]);
    expect(server.redeemed).toEqual(['initial', 'refresh-1']);
    expect(await store.refreshToken()).toBe('refresh-2');
  });

  it('happens again for a second call', async () => {
    const credential = credentialWith();
    expect((await credential.getToken(graph)).token).toBe('access-1');
    expect((await credential.getToken(graph)).token).toBe('access-2');
    expect(server.redeemed).toEqual(['initial', 'refresh-1']);
  });

  it('goes on, and is stored, when the caller gives up', async () => {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    server.answer(async (_, response) => {
      await released;
      response.end(JSON.stringify(goodBody(1)));
    });
    const credential = credentialWith();
    const controller = new AbortController();
    const given = failure(credential.getToken(graph, { abortSignal: controller.signal }));
    await until(() => server.received.length === 1);
    controller.abort(new Error('enough'));
    expect((await given).message).toBe('enough');
    release();
    await credential.close();
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('does not begin for a caller who has given up already', async () => {
    const credential = credentialWith();
    await failure(credential.getToken(graph, { abortSignal: AbortSignal.abort() }));
    await credential.close();
    expect(server.received).toHaveLength(0);
  });

  it('passes on claims, tenant and Continuous Access Evaluation', async () => {
    const credential = credentialWith();
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    await credential.getToken(graph, { claims, enableCae: true, tenantId: 'other' });
    expect(server.received[0]?.path).toBe('/other/oauth2/v2.0/token');
    expect(JSON.parse(server.received[0]?.form['claims'] ?? '')).toEqual({
      access_token: { nbf: { essential: true }, xms_cc: { values: ['cp1'] } },
    });
  });

  it('asks version 1.0 for a resource', async () => {
    await credentialWith({ endpointVersion: 'v1.0' }).getToken(graph);
    expect(server.received[0]).toMatchObject({
      path: '/contoso.example/oauth2/token',
      form: { resource: 'https://graph.microsoft.com' },
    });
    expect(server.received[0]?.form).not.toHaveProperty('scope');
  });

  it('returns the whole response of redeem(), which shares nothing', async () => {
    const responses: TokenResponse[] = [];
    const credential = credentialWith({ onTokenResponse: (response) => void responses.push(response) });
    await credential.getToken(graph);
    const response = await credential.redeem({ scopes: graph });
    expect(response).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2', expiresIn: 3600 });
    expect(responses.map(({ accessToken }) => accessToken)).toEqual(['access-1', 'access-2']);
    expect(responses[1]).toBe(response);
  });

  it('is not betrayed by a listener that quotes the tokens alone', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const onTokenResponse = ({ accessToken, refreshToken }: TokenResponse): void => {
      throw new Error(`no room for ${accessToken} and ${refreshToken}`);
    };
    try {
      await credentialWith({ onTokenResponse }).getToken(graph);
      expect(String(warn.mock.calls[0]?.[0])).toMatch(/no room for \[redacted\] and \[redacted\]$/);
    } finally {
      warn.mockRestore();
    }
  });

  it('survives a listener that fails, and warns of it', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const onTokenResponse = ({ accessToken }: TokenResponse): void => {
      throw new Error(`access_token=${accessToken}`);
    };
    const rejecting = (response: TokenResponse) => Promise.resolve(response).then(onTokenResponse);
    try {
      await expect(credentialWith({ onTokenResponse }).getToken(graph)).resolves.toMatchObject({
        token: 'access-1',
      });
      await credentialWith({ onTokenResponse: rejecting, store: undefined }).getToken(graph);
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        'The function "onTokenResponse" failed: Error: access_token=[redacted]',
        'The function "onTokenResponse" failed: Error: access_token=[redacted]',
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  it('refuses new work once it is closed', async () => {
    const credential = credentialWith();
    await credential.close();
    await expect(credential.getToken(graph)).rejects.toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
  });
});

describe('replicas that share a store', () => {
  it('redeem once, and again once when the token is half through its life', async () => {
    const replicas = Array.from({ length: 5 }, () => credentialWith());
    const ask = () => Promise.all(replicas.map((replica) => replica.getToken(graph)));
    expect(new Set((await ask()).map(({ token }) => token))).toEqual(new Set(['access-1']));
    clock.jump(29 * minute);
    expect(new Set((await ask()).map(({ token }) => token))).toEqual(new Set(['access-2']));
    expect(server.redeemed).toEqual(['initial', 'refresh-1']);
  });

  it.each([
    ['is past half of its life', () => clock.jump(31 * minute), {}],
    ['must satisfy claims', () => undefined, { claims: '{"access_token":{}}' }],
    ['is for another tenant', () => undefined, { tenantId: 'other' }],
    ['must take part in Continuous Access Evaluation', () => undefined, { enableCae: true }],
  ])('do not share a token that %s', async (_, change, options) => {
    await credentialWith().getToken(graph);
    change();
    expect((await credentialWith().getToken(graph, options)).token).toBe('access-2');
  });

  it('share nothing when they are told not to', async () => {
    await credentialWith({ shareAccessTokens: false }).getToken(graph);
    expect(store.saved[0]).not.toHaveProperty('accessTokens');
    expect((await credentialWith().getToken(graph)).token).toBe('access-2');
  });
});

describe('the refresh token', () => {
  it('of the store comes before that of the options', async () => {
    await store.put('stored', now);
    await credentialWith().getToken(graph);
    expect(server.redeemed).toEqual(['stored']);
  });

  it('of the options is tried when the stored one is refused, and once only', async () => {
    await store.put('stored', now);
    server.refuse('invalid_grant', 700082);
    const credential = credentialWith();
    await failure(credential.getToken(graph));
    await failure(credential.getToken(graph));
    expect(server.redeemed).toEqual(['stored', 'initial', 'stored']);
  });

  it.each([
    ['consent is missing', 'invalid_grant', 65001],
    ['something else must be proved', 'interaction_required', 1],
  ])('of the options is not tried when only %s', async (_, error, aadsts) => {
    await store.put('stored', now);
    server.refuse(error, aadsts);
    await failure(credentialWith().getToken(graph));
    expect(server.redeemed).toEqual(['stored']);
  });

  it('that was replaced is never redeemed again', async () => {
    const credential = credentialWith();
    await credential.getToken(graph);
    server.refuse('invalid_grant', 50173);
    await failure(credential.getToken(graph));
    expect(server.redeemed).toEqual(['initial', 'refresh-1']);
  });

  it('of the options replaces a stored one that is refused', async () => {
    await store.put('stored', now);
    server.answer(({ form }, response) => {
      if (form['refresh_token'] === 'initial') response.end(JSON.stringify(goodBody(1)));
      else response.writeHead(400).end('{"error":"invalid_grant"}');
    });
    await expect(credentialWith().getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('is asked for anew when it is a function', async () => {
    let given = 'first';
    server.refuse('invalid_grant', 50173);
    const credential = credentialWith({ refreshToken: () => Promise.resolve(given) });
    await failure(credential.getToken(graph));
    given = 'second';
    server.rotate();
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['first', 'second']);
  });

  it.each([
    [
      'that fails',
      () => Promise.reject(new Error('client_secret=hush')),
      /failed: client_secret=\[redacted\]/,
    ],
    ['that returns none', () => '', /There is no refresh token/],
  ])('is missing with a function %s', async (_, refreshToken, message) => {
    const error = await failure(credentialWith({ refreshToken }).getToken(graph));
    expect(error).toMatchObject({ code: 'ENTRA_REAUTHENTICATION_REQUIRED' });
    expect(error.message).toMatch(message);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('the vault is down'))],
    [
      'fails at once',
      () => {
        throw new Error('the vault is down');
      },
    ],
  ])('that was refused is what an error tells of, and not that the function %s', async (_, refreshToken) => {
    await store.put('stored', now);
    server.refuse('invalid_grant', 700082);
    const error = await failure(credentialWith({ refreshToken }).getToken(graph));
    expect(error).toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_EXPIRED', aadsts: 700082 });
  });

  it('that an operator puts into the store is picked up without a restart', async () => {
    await store.put('revoked', now - day);
    server.refuse('invalid_grant', 50173);
    const credential = credentialWith({ refreshToken: undefined });
    await failure(credential.getToken(graph));
    expect(credential.state().name).toBe('reauthentication-required');
    await store.put('new', now);
    server.rotate();
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    expect(server.redeemed).toEqual(['revoked', 'new']);
    expect(credential.state()).toEqual({
      name: 'ready',
      obtainedOn: new Date(now),
      expiresBy: new Date(now + 90 * day),
    });
  });

  it.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is a number', 7],
    ['is the same', 'stored'],
  ])('stays, and grows older, when the one of the response %s', async (_, refreshToken) => {
    await store.put('stored', now - day);
    server.rotate({ refresh_token: refreshToken });
    await credentialWith().getToken(graph);
    expect((await store.load())?.value).toMatchObject({
      refreshToken: 'stored',
      obtainedOnTimestamp: now - day,
    });
  });

  it('of a single-page application ends with the first one', async () => {
    await store.put('stored', now - 20 * hour);
    const credential = credentialWith({ clientSecret: undefined, spa: true });
    await credential.getToken(graph);
    expect((await store.load())?.value).toMatchObject({
      refreshToken: 'refresh-1',
      obtainedOnTimestamp: now - 20 * hour,
    });
    expect(credential.state()).toMatchObject({ expiresBy: new Date(now + 4 * hour) });
    expect(credential.state().warning).toMatch(/2026-01-01T04:00/);
  });
});

describe('the state', () => {
  it('warns of a stored refresh token that was never used here', async () => {
    await store.put('stored', now - 89 * day);
    store.loadFault = new Error('the disk is gone');
    const credential = credentialWith({ refreshToken: undefined });
    expect(credential.state()).toMatchObject({ name: 'ready', obtainedOn: null });
    await clock.advance(0);
    store.loadFault = undefined;
    expect(credential.state().obtainedOn).toBe(null);
    await clock.advance(0);
    expect(credential.state()).toMatchObject({
      name: 'ready',
      obtainedOn: new Date(now - 89 * day),
      warning: expect.stringMatching(/expires at 2026-01-02/) as unknown,
    });
    expect(server.received).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('remembers that consent is missing for one resource, but not for ever', async () => {
    const credential = credentialWith();
    server.answer(({ form }, response) => {
      if (form['scope']?.includes('graph')) response.end(JSON.stringify(goodBody(1)));
      else response.writeHead(400).end('{"error":"invalid_grant","error_description":"AADSTS65001: No."}');
    });
    await failure(credential.getToken('api://other/.default'));
    await credential.getToken(graph);
    expect(credential.state().name).toBe('reauthentication-required');
    clock.jump(61 * minute);
    expect(credential.state().name).toBe('ready');
  });

  it('forgets with the next success that the refresh token was refused, for whatever resource', async () => {
    const credential = credentialWith();
    server.refuse('invalid_grant', 50173);
    await failure(credential.getToken('api://other/.default'));
    expect(credential.state().name).toBe('reauthentication-required');
    server.rotate();
    await credential.getToken(graph);
    expect(credential.state().name).toBe('ready');
  });
});

describe('a response that cannot be used', () => {
  const rest = { token_type: 'Bearer', refresh_token: 'refresh-1' };

  it.each([
    ['expires at once', { ...rest, access_token: 'a', expires_in: 0 }],
    ['has no time of expiry', { ...rest, access_token: 'a' }],
    ['has no access token', { ...rest, expires_in: 3600 }],
    ['is for another kind of token', { ...rest, access_token: 'a', expires_in: 1, token_type: 'pop' }],
    ['breaks off after the refresh token', '{"refresh_token":"refresh-1","access_tok'],
  ])('and %s still gives its refresh token to the store', async (_, body) => {
    server.send(body);
    const error = await failure(credentialWith().getToken(graph));
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', statusCode: 200 });
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('and is cut off before its refresh token leaves the old one in use', async () => {
    await store.put('stored', now);
    server.answer((_, response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('{"access_token":"a","refresh_tok');
      setImmediate(() => response.destroy());
    });
    const credential = credentialWith();
    expect(await failure(credential.getToken(graph))).toMatchObject({ retryable: true, statusCode: 200 });
    expect(await store.refreshToken()).toBe('stored');
    server.rotate();
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'stored']);
  });

  it('and is cut off after its refresh token gives that to the store, with the old one to fall back on', async () => {
    await store.put('stored', now);
    server.answer((_, response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('{"refresh_token":"damaged","access_tok');
      setImmediate(() => response.destroy());
    });
    const credential = credentialWith();
    await failure(credential.getToken(graph));
    expect(await store.refreshToken()).toBe('damaged');
    server.answer(({ form }, response) => {
      if (form['refresh_token'] === 'stored') response.end(JSON.stringify(goodBody(2)));
      else response.writeHead(400).end('{"error":"invalid_grant"}');
    });
    await credential.getToken(graph);
    expect(await store.refreshToken()).toBe('refresh-2');
  });

  it.each(['stored', 'initial'])(
    'leaves "%s" replaced once its refresh token has proved good',
    async (first) => {
      if (first === 'stored') await store.put(first, now);
      server.send(rest);
      const credential = credentialWith({ refreshToken: first });
      await failure(credential.getToken(graph));
      server.send(goodBody(2));
      await credential.getToken(graph);
      server.refuse('invalid_grant', 50173);
      await failure(credential.getToken(graph));
      expect(server.redeemed).toEqual([first, 'refresh-1', 'refresh-2']);
    },
  );

  it('is retryable without anything in it', async () => {
    server.send('');
    expect(await failure(credentialWith().getToken(graph))).toMatchObject({ retryable: true });
  });

  it('hands out an id_token as it came', async () => {
    server.rotate({ id_token: 'not.of.us' });
    const response = await credentialWith().redeem();
    expect(response.idToken).toBe('not.of.us');
  });
});

describe('an own store in memory', () => {
  it('is the default', async () => {
    const credential = credentialWith({ store: undefined });
    await credential.getToken(graph);
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['initial', 'refresh-1']);
  });

  it('keeps two credentials apart in time', async () => {
    const memory = new MemoryRefreshTokenStore({ refreshToken: 'stored', obtainedOnTimestamp: now });
    await Promise.all([
      credentialWith({ store: memory, shareAccessTokens: false }).getToken(graph),
      credentialWith({ store: memory, shareAccessTokens: false }).getToken(graph),
    ]);
    expect(server.redeemed).toEqual(['stored', 'refresh-1']);
  });
});
