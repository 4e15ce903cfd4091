import { Agent } from 'node:https';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { SecretScan } from '../../support/secret-scan.js';
import { assertionOf, claimsOf, makeCaller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const minute = 60_000;

describe('the tokens of users', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let tokens: ReturnType<typeof startUserTokens>;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      clock,
      tokenLifetimeInSeconds: 3600,
      client: {
        delegatedPermissions: [
          'https://graph.microsoft.com/User.Read',
          'https://vault.azure.net/user_impersonation',
        ],
      },
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    tokens = startUserTokens(userOptions(entra), { clock });
    entra.requests.reset();
  });
  afterEach(async () => {
    await tokens.stop();
    await entra.faults.clear();
  });

  const obtain = async (assertion: string, resource = 'graph'): Promise<string> => {
    const token = await tokens.service.onBehalfOf(assertion).getToken(resource);
    return token.token;
  };

  it('are those of the caller, from one request, by the name of the resource and by its scopes', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    const user = tokens.service.onBehalfOf(assertion);

    const first = await user.getToken('graph');
    expect(claimsOf(first.token)).toMatchObject({
      oid: ada.objectId,
      aud: expect.stringMatching(/graph|00000003/) as unknown,
    });
    expect(await user.getToken(['User.Read'])).toBe(first);
    expect(await user.getToken('User.Read', { enableCae: true })).toBe(first);
    expect(await obtain(assertion)).toBe(first.token);
    expect(entra.requests.token).toBe(1);
  });

  it('belong to a thousand users side by side, each with the own `oid`', async () => {
    const callers = Array.from({ length: 1_000 }, (_, n) => makeCaller(n));
    const assertions = callers.map((caller) => assertionOf(entra, caller));

    for (const round of [1, 2]) {
      const answers = await Promise.all(assertions.map((assertion) => obtain(assertion)));
      expect(answers.map((token) => claimsOf(token)['oid'])).toEqual(callers.map(({ objectId }) => objectId));
      expect(entra.requests.token).toBe(1_000);
      expect(tokens.service.state()).toMatchObject({
        users: 1_000,
        pending: 0,
        exchanges: 1_000,
        evictions: 0,
      });
      expect(round).toBeLessThan(3);
    }
  });

  it('serve two devices of one person side by side', async () => {
    const ada = makeCaller();
    const devices = [assertionOf(entra, ada), assertionOf(entra, ada)];
    for (let turn = 0; turn < 5; turn++) for (const device of devices) await obtain(device);
    expect(entra.requests.token).toBe(2);
  });

  it('of a burst do not all begin in one turn of the event loop, and each call ends as it would alone', async () => {
    const callers = Array.from({ length: 200 }, (_, n) => makeCaller(n));
    const foreign = { tenantId: '11111111-0000-4000-8000-000000000000' };
    const left = { abortSignal: AbortSignal.abort(new Error('The caller has left.')) };
    const calls = callers.map((caller, n) => {
      const user = tokens.service.onBehalfOf(assertionOf(entra, caller));
      return user.getToken('graph', n === 150 ? foreign : n === 160 ? left : undefined);
    });
    const outcomes = Promise.allSettled(calls);
    expect(tokens.service.state().pending).toBe(50);
    (await outcomes).forEach((outcome, n) => {
      if (n === 150) expect(outcome).toMatchObject({ reason: { code: 'ENTRA_OPTIONS_INVALID' } });
      else if (n === 160) expect(outcome).toMatchObject({ reason: { message: 'The caller has left.' } });
      else
        expect(claimsOf((outcome as PromiseFulfilledResult<AccessToken>).value.token).oid).toBe(
          callers[n]?.objectId,
        );
    });
  });

  it.each([
    ['over connections of its own', undefined],
    ['through an agent', new Agent({ keepAlive: true })],
  ])('that are asked for in a burst, %s, end when the application shuts down', async (_, agent) => {
    await tokens.stop();
    tokens = startUserTokens(userOptions(entra, agent && { client: { agent } }), { clock });
    await entra.faults.set('token', { kind: 'hang-before-headers' });
    const callers = Array.from({ length: 100 }, () => makeCaller());
    const calls = callers.map((caller) =>
      tokens.service.onBehalfOf(assertionOf(entra, caller)).getToken('graph'),
    );
    const outcomes = Promise.allSettled(calls);
    await tokens.stop();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENTRA_SHUT_DOWN' } });
    }
  });

  it('take one request for many callers at once, also by credentials of their own', async () => {
    const assertion = assertionOf(entra, makeCaller());
    const users = Array.from({ length: 50 }, () => tokens.service.onBehalfOf(assertion));
    const answers = await Promise.all(
      users.flatMap((user) => [user.getToken('graph'), user.getToken('graph')]),
    );
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1);
    expect(entra.requests.token).toBe(1);
  });

  it('keeps the tokens of two resources that were fetched at once by two credentials', async () => {
    const assertion = assertionOf(entra, makeCaller());
    const vault = 'https://vault.azure.net/.default';
    await Promise.all([obtain(assertion), obtain(assertion, vault)]);
    await Promise.all([obtain(assertion), obtain(assertion, vault)]);
    expect(entra.requests.token).toBe(2);
    expect(tokens.service.state().users).toBe(1);
  });

  it('are not served from memory once the assertion has expired, although they live on', async () => {
    const assertion = assertionOf(entra, makeCaller(), { lifetimeInSeconds: 600 });
    const user = tokens.service.onBehalfOf(assertion);
    await user.getToken('graph');
    await clock.advance(10 * minute - 1_000);
    await user.getToken('graph');
    await clock.advance(1_000);

    await expect(user.getToken('graph')).rejects.toMatchObject({
      code: 'ENTRA_ASSERTION_INVALID',
      reason: 'expired',
    });
    expect(() => tokens.service.onBehalfOf(assertion)).toThrow(/expired/);
    expect(entra.requests.token).toBe(1);
    expect(tokens.service.state().users).toBe(0);
  });

  it('are deleted once their assertion has expired, though no call asks for them', async () => {
    for (let n = 0; n < 5; n++) {
      await obtain(assertionOf(entra, makeCaller(), { lifetimeInSeconds: 600 + n * 600 }));
    }
    await clock.advance(21 * minute);
    expect(tokens.service.state().users).toBe(3);
    await clock.advance(60 * minute);
    expect(tokens.service.state()).toMatchObject({ users: 0, bytes: 0 });
  });

  it('are refreshed ahead by a use that does not wait, while the assertion outlives them', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller(), { lifetimeInSeconds: 7200 }));
    const first = await user.getToken('graph');
    await clock.advance(31 * minute);

    expect(await user.getToken('graph')).toBe(first);
    await expect(
      eventually(
        () => user.getToken('graph'),
        (token) => token !== first,
      ),
    ).resolves.not.toBe(first);
    expect(entra.requests.token).toBe(2);
  });

  it('are not refreshed when they outlive the assertion', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller(), { lifetimeInSeconds: 3400 }));
    const first = await user.getToken('graph');
    await clock.advance(55 * minute);
    expect(await user.getToken('graph')).toBe(first);
    expect(entra.requests.token).toBe(1);
  });

  it('are served through an outage until they expire, and fetched when it is over', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller(), { lifetimeInSeconds: 7200 }));
    const first = await user.getToken('graph');
    await entra.faults.set('token', { kind: 'http-status', status: 500 });
    for (let passed = 0; passed < 59; passed++) {
      await clock.advance(minute);
      expect(await user.getToken('graph')).toBe(first);
    }
    await clock.advance(50_000);
    expect(await user.getToken('graph')).toBe(first);
    await clock.advance(10_000);
    await expect(user.getToken('graph')).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      retryable: true,
      resource: 'graph',
    });
    const requests = entra.requests.token;
    expect(requests).toBeLessThan(20);
    expect(tokens.lines.filter((line) => line.includes('fail')).length).toBeGreaterThan(1);

    await entra.faults.clear();
    expect(await user.getToken('graph')).not.toBe(first);
    expect(tokens.lines.at(-1)).toMatch(/succeed again/);
  });

  it('wait for no one else: one user whom Entra refuses affects no other', async () => {
    const [ada, ben] = [makeCaller(), makeCaller()];
    await obtain(assertionOf(entra, ada));
    await obtain(assertionOf(entra, ben));
    entra.signIns.refuse(ada.objectId, 50076);

    const [mine, theirs] = [assertionOf(entra, ada), assertionOf(entra, ben)];
    await expect(obtain(mine)).rejects.toMatchObject({
      name: 'UserInteractionRequiredError',
      aadsts: 50076,
      claims: expect.stringContaining('capolids') as unknown,
      wwwAuthenticate: expect.stringMatching(
        /^Bearer realm=.*error="insufficient_claims", claims="/,
      ) as unknown,
    });
    await obtain(theirs);
    entra.signIns.refuse(ada.objectId, undefined);
  });

  it('repeats a refusal for a while without a request, and asks again after it', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    await obtain(assertionOf(entra, ada));
    entra.signIns.refuse(ada.objectId, 50076);
    entra.requests.reset();
    for (let n = 0; n < 5; n++) await expect(obtain(assertion)).rejects.toThrow(/50076/);
    expect(entra.requests.token).toBe(1);
    expect(tokens.service.interactionRequired(assertion)).toMatchObject({ aadsts: 50076 });

    entra.signIns.refuse(ada.objectId, undefined);
    await clock.advance(16_000);
    await obtain(assertion);
    expect(tokens.service.interactionRequired(assertion)).toBeUndefined();
  });

  it('names consent that is missing', async () => {
    const assertion = assertionOf(entra, makeCaller());
    await expect(obtain(assertion, 'https://graph.microsoft.com/Mail.Read')).rejects.toMatchObject({
      name: 'UserInteractionRequiredError',
      aadsts: 65001,
      wwwAuthenticate: expect.not.stringContaining('claims=') as unknown,
    });
  });

  it('leaves a tenant alone that asked for a pause, for all users, and serves what is held', async () => {
    const held = assertionOf(entra, makeCaller());
    await obtain(held);
    await entra.faults.set('token', { kind: 'http-status', status: 429, retryAfter: 30 }, { times: 1 });
    await expect(obtain(assertionOf(entra, makeCaller()))).rejects.toMatchObject({ retryAfterInMs: 30_000 });
    entra.requests.reset();
    await clock.advance(10_000);
    for (let n = 0; n < 3; n++) {
      await expect(obtain(assertionOf(entra, makeCaller()))).rejects.toMatchObject({
        retryable: true,
        retryAfterInMs: 20_000,
      });
    }
    await obtain(held);
    expect(entra.requests.token).toBe(0);
    await clock.advance(20_000);
    await obtain(assertionOf(entra, makeCaller()));
  });

  it('serves no token beyond its end after the clock was set back, and asks no more than before', async () => {
    const fiveHours = 5 * 3_600_000;
    // The clock of the local Entra is the same one.
    const nbf = (clock.now() - 2 * fiveHours) / 1000;
    const claims = { nbf, iat: nbf };
    const assertion = assertionOf(entra, makeCaller(), { lifetimeInSeconds: 86_400, claims });
    const user = tokens.service.onBehalfOf(assertion);
    const first = await user.getToken('graph');
    clock.jump(-fiveHours);
    await clock.advance(60_000);
    entra.requests.reset();
    expect(await user.getToken('graph')).toBe(first);
    const isDone = (): boolean => entra.requests.token === 1 && tokens.service.state().pending === 0;
    await eventually(isDone, (done) => done);
    const second = await user.getToken('graph');
    expect(second.token).not.toBe(first.token);
    expect(second.expiresOnTimestamp).toBeLessThanOrEqual(clock.now() + 3_600_000);
    await clock.advance(10 * 60_000);
    expect(await user.getToken('graph')).toBe(second);
    expect(entra.requests.token).toBe(1);
    clock.jump(fiveHours);
  });

  it('tells callers the pause that it keeps, whatever the tenant asked for', async () => {
    const fault = { kind: 'http-status', status: 429, retryAfter: 99_999_999_999 } as const;
    await entra.faults.set('token', fault, { times: 1 });
    for (let n = 0; n < 2; n++) {
      await expect(obtain(assertionOf(entra, makeCaller()))).rejects.toMatchObject({
        retryAfterInMs: 600_000,
      });
    }
    await clock.advance(600_000);
    await obtain(assertionOf(entra, makeCaller()));
  });

  it('fetches another token after a resource rejected it, and gives the old one when there is none', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const first = await user.getToken('graph');
    user.invalidate(first);
    const second = await user.getToken('graph');
    expect(second).not.toBe(first);
    user.invalidate(second);
    expect(await user.getToken('graph')).toBe(second);
    await clock.advance(31_000);
    await entra.faults.set('token', { kind: 'http-status', status: 500 });
    user.invalidate(second);
    expect(await user.getToken('graph')).toBe(second);
    expect(await user.getToken('graph')).toBe(second);
    expect(entra.requests.token).toBe(3);
  });

  it('asks with the claims of a challenge, and serves the new token from then on', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const first = await user.getToken('graph');
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const second = await user.getToken('graph', { claims });
    expect(claimsOf(second.token)).toMatchObject({ acrs: ['c1'] });
    expect(second).not.toBe(first);
    expect(await user.getToken('graph')).toBe(second);
  });

  it('refuses a response for another user', async () => {
    const [ada, eve] = [makeCaller(), makeCaller()];
    const foreign = await obtain(assertionOf(entra, eve));
    await entra.faults.set('token', { kind: 'altered-response', members: { access_token: foreign } });
    await expect(obtain(assertionOf(entra, ada))).rejects.toThrow(/another user/);
  });

  it.each([
    ['nothing', undefined, undefined, /"scopes": missing/],
    ['null', null, undefined, /"scopes": null/],
    ['a scope with a space', ['Mail.Read User.Read'], undefined, /"scopes": a scope contains white space/],
    ['a scope with a line feed', 'User.Read\r\nX: y', undefined, /"scopes": a scope contains white space/],
    ['an object as signal', 'graph', { abortSignal: {} }, /"abortSignal": not an AbortSignal/],
    ['a text as signal', 'graph', { abortSignal: 'x' }, /"abortSignal": a string/],
  ])('are not asked for with %s', async (_, resource, options, problem) => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const wrong = user.getToken(resource as string, options as object);
    await expect(wrong).rejects.toMatchObject({
      name: 'EntraOptionsError',
      message: expect.stringMatching(problem) as unknown,
    });
    expect(entra.requests.token).toBe(0);
  });

  it('are those of two scopes, although the same text came as one scope before', async () => {
    const user = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const scopes = ['https://graph.microsoft.com/.default', 'https://graph.microsoft.com/User.Read'];
    await user.getToken([scopes.join(' ')]).catch(() => undefined);
    await expect(user.getToken(scopes)).rejects.not.toThrow(/Invalid option/);
    expect(entra.requests.token).toBe(1);
  });

  it('show an audience in errors as one line without control characters', () => {
    const audience = 'x\n\u001b[31m[Nest] forged\u2028\u202e';
    const assertion = assertionOf(entra, makeCaller(), { audience });
    expect(() => tokens.service.onBehalfOf(assertion)).toThrow(
      /"x\ufffd\ufffd\[31m\[Nest\] forged\ufffd\ufffd"/,
    );
  });

  it('repeat the refusal of a challenge without a request, and only that', async () => {
    const ada = makeCaller();
    const user = tokens.service.onBehalfOf(assertionOf(entra, ada));
    const held = await user.getToken('graph');
    entra.signIns.refuse(ada.objectId, 50076);
    entra.requests.reset();
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    for (let n = 0; n < 5; n++) await expect(user.getToken('graph', { claims })).rejects.toThrow(/50076/);
    expect(entra.requests.token).toBe(1);
    expect(await user.getToken('graph')).toBe(held);
    const others = claims.replace('c1', 'c2');
    await expect(user.getToken('graph', { claims: others })).rejects.toThrow(/50076/);
    expect(entra.requests.token).toBe(2);

    entra.signIns.refuse(ada.objectId, undefined);
    await clock.advance(16_000);
    expect(claimsOf((await user.getToken('graph', { claims })).token)).toMatchObject({ acrs: ['c1'] });
  });

  it('are asked for again after a refusal, although the clock was set back', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    await obtain(assertionOf(entra, ada));
    entra.signIns.refuse(ada.objectId, 50076);
    await expect(obtain(assertion)).rejects.toThrow(/50076/);
    entra.signIns.refuse(ada.objectId, undefined);
    clock.jump(-120_000);
    try {
      await obtain(assertion);
    } finally {
      clock.jump(120_000);
    }
  });

  it.each(['organizations', 'its id'])(
    'refuses a response for a user of another tenant, with the tenant given as %s',
    async (tenant) => {
      const tenantId = tenant === 'its id' ? entra.tenantId : tenant;
      const allowed = tenant === 'its id' ? {} : { allowedTenants: [entra.tenantId] };
      const options = userOptions(entra, { client: { tenantId, ...allowed } });
      const { service, stop } = startUserTokens(options, { clock });
      const foreign = entra.issueToken({
        audience: 'https://graph.microsoft.com',
        tenantId: '99999999-0000-0000-0000-000000000000',
        lifetimeInSeconds: 3600,
        claims: { oid: makeCaller().objectId },
      });
      await entra.faults.set('token', { kind: 'altered-response', members: { access_token: foreign } });
      const user = service.onBehalfOf(assertionOf(entra, makeCaller()));
      await expect(user.getToken('graph')).rejects.toThrow(/another user/);
      await expect(user.getToken('https://graph.microsoft.com/User.Read')).rejects.toThrow(/another user/);
      await stop();
    },
  );

  it('is abandoned by an abort signal, for that caller alone', async () => {
    await entra.faults.set('token', { kind: 'hang-before-headers' }, { times: 1 });
    const assertion = assertionOf(entra, makeCaller());
    const controller = new AbortController();
    const aborted = tokens.service
      .onBehalfOf(assertion)
      .getToken('graph', { abortSignal: controller.signal });
    const waiting = expect(obtain(assertion)).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      retryable: true,
    });
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    await eventually(
      () => entra.requests.token,
      (count) => count === 1,
    );
    await clock.advance(10_000);
    await waiting;
  });

  it('makes room for others within its limits, and for what was used least lately', async () => {
    await tokens.stop();
    tokens = startUserTokens(userOptions(entra, { cache: { maxUsers: 3 } }), { clock });
    const assertions = Array.from({ length: 4 }, () => assertionOf(entra, makeCaller()));
    for (const assertion of assertions.slice(0, 3)) await obtain(assertion);
    await obtain(assertions[0] ?? '');
    await obtain(assertions[3] ?? '');
    expect(tokens.service.state()).toMatchObject({ users: 3, evictions: 1 });
    entra.requests.reset();
    await obtain(assertions[0] ?? '');
    expect(entra.requests.token).toBe(0);
    await obtain(assertions[1] ?? '');
    expect(entra.requests.token).toBe(1);
  });

  it('ends with the application: what is held is served, nothing more is fetched', async () => {
    const held = tokens.service.onBehalfOf(assertionOf(entra, makeCaller()));
    const first = await held.getToken('graph');
    await entra.faults.set('token', { kind: 'hang-before-headers' });
    const waiting = obtain(assertionOf(entra, makeCaller()));
    waiting.catch(() => undefined);
    await eventually(
      () => entra.requests.token,
      (count) => count === 2,
    );
    await tokens.service.onApplicationShutdown();

    await expect(waiting).rejects.toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(await held.getToken('graph')).toBe(first);
    await expect(obtain(assertionOf(entra, makeCaller()))).rejects.toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
  });

  it('shows nothing secret in errors, logs, inspection and state', async () => {
    const { clientSecret } = entra.client;
    const assertion = assertionOf(entra, makeCaller());
    const scan = new SecretScan({ 'client secret': clientSecret });
    const user = tokens.service.onBehalfOf(assertion);
    scan.value('credential', user);
    scan.value('token', await user.getToken('graph'));
    scan.value('state', tokens.service.state());
    const other = assertionOf(entra, makeCaller());
    for (const fault of [
      {
        kind: 'http-status',
        status: 400,
        body: { error: 'invalid_grant', error_description: `bad ${other} ${clientSecret}` },
      },
      { kind: 'http-status', status: 500, body: `oops ${encodeURIComponent(other)} ${clientSecret}` },
      { kind: 'connection-reset' },
      { kind: 'html-page' },
    ] as const) {
      await entra.faults.set('token', fault);
      const error: unknown = await tokens.service
        .onBehalfOf(other)
        .getToken('graph')
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      scan.value(`error of ${fault.kind}`, error);
      await clock.advance(minute);
    }
    scan.text('log', tokens.lines.join('\n'));
    scan.value('service', tokens.service);
    expect(tokens.lines.length).toBeGreaterThan(0);
    expect(scan.leaks()).toEqual([]);
  });

  it.each([
    ['nothing', () => '', 'missing'],
    ['garbage', () => 'garbage', 'malformed'],
    ['64 kB', () => 'x'.repeat(65_536), 'too-long'],
    ['a token of 64 kB', () => `${assertionOf(entra, makeCaller())}${'A'.repeat(65_536)}`, 'too-long'],
    [
      'a token for Graph',
      () => assertionOf(entra, makeCaller(), { audience: 'https://graph.microsoft.com' }),
      'wrong-audience',
    ],
    [
      'a token without an end',
      () => assertionOf(entra, makeCaller(), { claims: { exp: undefined } }),
      'no-expiry',
    ],
    [
      'a token that has expired',
      () => assertionOf(entra, makeCaller(), { lifetimeInSeconds: -60 }),
      'expired',
    ],
    [
      'a token of another tenant',
      () => assertionOf(entra, makeCaller(), { tenantId: '99999999-0000-0000-0000-000000000000' }),
      'wrong-tenant',
    ],
    [
      'an ID token',
      () =>
        assertionOf(entra, makeCaller(), {
          audience: entra.client.clientId,
          claims: { appid: undefined, scp: undefined, nonce: 'n-1' },
        }),
      'id-token',
    ],
    [
      'a token of an application',
      () => entra.issueToken({ audience: `api://${entra.client.clientId}` }),
      'app-token',
    ],
  ])('refuses %s before the network', (_, make, reason) => {
    const assertion = make();
    expect(() => tokens.service.onBehalfOf(assertion)).toThrow(
      expect.objectContaining({
        name: 'InvalidAssertionError',
        reason,
        retryable: false,
      }),
    );
    expect(entra.requests.token).toBe(0);
  });

  it('that is not valid yet is for Entra to refuse, and is exchanged once it is valid', async () => {
    const early = assertionOf(entra, makeCaller(), { notBeforeInSeconds: 600, lifetimeInSeconds: 3600 });
    await expect(obtain(early)).rejects.toMatchObject({
      ...{ code: 'ENTRA_ASSERTION_INVALID', reason: 'refused', aadsts: 500133 },
    });
    expect(entra.requests.token).toBe(1);
    await clock.advance(600_000);
    expect(await obtain(early)).toBeDefined();
  });

  it('is exchanged by a machine whose clock is late, however early the token seems', async () => {
    const late = new ManualClock(clock.now() - 900_000);
    const { service, stop } = startUserTokens(userOptions(entra), { clock: late });
    const user = service.onBehalfOf(assertionOf(entra, makeCaller()));
    const { token } = await user.getToken('graph');
    expect(await user.getToken('graph')).toMatchObject({ token });
    expect(entra.requests.token).toBe(1);
    await stop();
  });

  it('finds no entry for a forged copy of a token, which Entra refuses', async () => {
    const ada = makeCaller();
    await obtain(assertionOf(entra, ada));
    const forged = assertionOf(entra, ada, { signedBy: 'foreign-key' });
    await expect(obtain(forged)).rejects.toMatchObject({
      code: 'ENTRA_ASSERTION_INVALID',
      reason: 'refused',
    });
    expect(tokens.service.state().users).toBe(1);
  });
});

async function eventually<T>(read: () => T | Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let n = 0; n < 500; n++) {
    const value = await read();
    if (isDone(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come about.');
}
