import { inspect } from 'node:util';

import { describe, expect, it, jest } from '@jest/globals';

import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import { UnknownResourceError } from '../../../lib/engine/unknown-resource.error.js';
import { createEngine, eventTypes } from '../../support/engine.js';
import { FakeCredential } from '../../support/fake-credential.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import { databaseToken, jwt } from '../../support/tokens.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const graphScope = 'https://graph.microsoft.com/.default';

describe('a caller', () => {
  it('gets the token of a resource by name, by scope and by scopes from one slot', async () => {
    const { service, credential } = createEngine();
    const tokens = [
      await service.getToken('graph'),
      await service.getToken(graphScope),
      await service.getToken([graphScope]),
      await service.getToken('graph', { tenantId: undefined, abortSignal: undefined }),
    ];
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['token-1']));
    expect(credential.calls).toHaveLength(1);
    expect(credential.calls[0]?.scopes).toEqual([graphScope]);
  });

  it('shares one request with a thousand others', async () => {
    const { service, credential } = createEngine();
    const tokens = await Promise.all(Array.from({ length: 1_000 }, () => service.getToken('graph')));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(credential.calls).toHaveLength(1);
  });

  it('causes no request while the token is fresh', async () => {
    const { service, credential, clock } = createEngine();
    await service.getToken('graph');
    await clock.advance(20 * minute);
    await service.getToken('graph');
    expect(credential.calls).toHaveLength(1);
  });

  it.each([['nothing'], [''], ['Graph']])(
    'is told which resources there are when it asks for "%s"',
    async (name) => {
      const { service } = createEngine();
      const error = await service.getToken(name).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UnknownResourceError);
      expect((error as Error).message).toContain('"graph"');
      await expect(service.refresh(name)).rejects.toThrow(UnknownResourceError);
      expect(() => service.state(name)).toThrow(UnknownResourceError);
      expect(() => service.passwordProvider(name)).toThrow(UnknownResourceError);
    },
  );

  it.each([[undefined], [null], [{}], [7], [Symbol('graph')]])(
    'gets the same error when it asks for something else than a string, such as %p',
    async (given) => {
      const { service } = createEngine();
      await expect(service.getToken(given as string)).rejects.toThrow(UnknownResourceError);
    },
  );

  it('gets a token for scopes that are not configured', async () => {
    const { service, credential } = createEngine();
    await service.getToken(['https://other.example/.default']);
    expect(credential.calls[0]?.scopes).toEqual(['https://other.example/.default']);
    expect(service.state().map(({ resource }) => resource)).toEqual([
      'graph',
      'https://other.example/.default',
    ]);
  });

  it('gets a token of another tenant without disturbing the configured one', async () => {
    const { service, credential } = createEngine();
    const own = await service.getToken('graph');
    const other = await service.getToken('graph', { tenantId: 'other' });
    expect(other.token).not.toBe(own.token);
    expect(credential.calls.map(({ options }) => options.tenantId)).toEqual([undefined, 'other']);
    expect((await service.getToken('graph', { tenantId: 'other' })).token).toBe(other.token);
  });

  it('is served by the credential of the resource whose scopes it asks for, even for a variant', async () => {
    const own = new FakeCredential(() => Date.UTC(2026, 0, 1));
    const { service, credential } = createEngine({ resources: { graph: { credential: own } } });
    await service.getToken(graphScope, { tenantId: 'other' });
    expect(own.calls).toHaveLength(1);
    expect(own.calls[0]?.options.tenantId).toBe('other');
    expect(credential.calls).toHaveLength(0);
  });

  it('can stop waiting without taking the token away from the others', async () => {
    const { service, credential } = createEngine();
    let release: () => void = () => undefined;
    credential.answer(() => new Promise((resolve) => (release = () => resolve(credential.issue()))));
    const controller = new AbortController();
    const impatient = service.getToken('graph', { abortSignal: controller.signal });
    const patient = service.getToken('graph');
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    release();
    await expect(patient).resolves.toMatchObject({ token: 'token-1' });
  });

  it('reports why there is no token, and what to do', async () => {
    const { service, credential } = createEngine();
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    const error = await service.getToken('graph').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TokenUnavailableError);
    expect(error).toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      resource: 'graph',
      aadsts: 7000222,
      retryable: false,
    });
    expect((error as Error).message).toMatch(/create a new one/);
  });

  it.each<[string, (credential: FakeCredential) => void, RegExp]>([
    ['returns null', (c) => c.answer(() => null), /returned null/],
    ['returns an empty token', (c) => c.answer(() => c.issue({ token: '' })), /empty token/],
    ['returns an expired token', (c) => c.answer(() => c.issue({ expiresOnTimestamp: 1 })), /expired/],
    [
      'throws synchronously',
      (c) =>
        c.answer(() => {
          throw new Error('sync');
        }),
      /sync/,
    ],
    [
      'throws something that is not an error',
      (c) =>
        c.answer(() => {
          throw 'text' as unknown as Error;
        }),
      /text/,
    ],
  ])('hears that the credential %s', async (_, misbehave, message) => {
    const { service, credential } = createEngine();
    misbehave(credential);
    const error = await service.getToken('graph').catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
    expect((error as Error).message).toMatch(message);
  });

  it('does not wait for ever for a credential that hangs', async () => {
    const { service, credential, clock } = createEngine();
    credential.hang();
    const waiting = service.getToken('graph').catch((e: unknown) => e);
    await clock.advance(20 * second);
    expect(await waiting).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: true });
    expect(credential.calls[0]?.options.abortSignal?.aborted).toBe(true);
  });

  it('without a token joins the next attempt instead of making one of its own', async () => {
    const { service, credential, clock } = createEngine();
    credential.fail();
    await expect(service.getToken('graph')).rejects.toThrow(TokenUnavailableError);
    credential.recover();
    const waiting = Promise.all(Array.from({ length: 100 }, () => service.getToken('graph')));
    expect(credential.calls).toHaveLength(1);
    await clock.advance(second);
    expect((await waiting)[0]).toMatchObject({ token: 'token-1' });
    expect(credential.calls).toHaveLength(2);
  });

  it('without a token hears at once of an error that waiting cannot repair', async () => {
    const { service, credential } = createEngine();
    credential.fail('AADSTS700016: Application was not found.');
    await expect(service.getToken('graph')).rejects.toThrow(TokenUnavailableError);
    const again = service.getToken('graph');
    again.catch(() => undefined);
    expect(await settlesAtOnce(again)).toBe(true);
    expect(credential.calls).toHaveLength(1);
  });
});

describe('while a valid token is held, a caller', () => {
  const faults: [string, (credential: FakeCredential) => void][] = [
    ['fails', (c) => c.fail()],
    ['is misconfigured', (c) => c.fail('AADSTS7000222: expired')],
    ['hangs', (c) => c.hang()],
    ['returns null', (c) => c.answer(() => null)],
    ['returns expired tokens', (c) => c.answer(() => c.issue({ expiresOnTimestamp: 1 }))],
    [
      'throws synchronously',
      (c) =>
        c.answer(() => {
          throw new Error('sync');
        }),
    ],
  ];

  it.each(faults)('neither fails nor waits, although the credential %s', async (_, misbehave) => {
    const { service, credential, clock } = createEngine();
    const first = await service.getToken('graph');
    misbehave(credential);
    const end = first.expiresOnTimestamp - 30 * second;
    while (clock.now() < end - 20 * second) {
      await clock.advance(10 * second);
      const call = service.getToken('graph');
      expect(await settlesAtOnce(call)).toBe(true);
      expect((await call).token).toBe(first.token);
    }
    expect(service.state('graph')[0]).toMatchObject({ state: 'degraded', refreshes: 1 });
  });

  it.each(faults)('has a fresh one again soon after the credential no longer %s', async (_, misbehave) => {
    const { service, credential, clock } = createEngine();
    await service.getToken('graph');
    misbehave(credential);
    await clock.advance(40 * minute);
    expect(service.state('graph')[0]?.state).toBe('degraded');
    credential.recover();
    const step = Number(service.state('graph')[0]?.nextRefreshAt) - clock.now();
    // A permanent error is tried again every five minutes; everything else after a share of what is left.
    expect(step).toBeLessThan(20 * minute);
    await clock.advance(step + second);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh', consecutiveFailures: 0 });
  });

  it('waits in its last seconds for a refresh under way, but not longer than the token lives', async () => {
    const { service, credential, clock } = createEngine();
    const first = await service.getToken('graph');
    clock.jump(hour - 20 * second);
    credential.hang();
    const call = service.getToken('graph');
    expect(await settlesAtOnce(call)).toBe(false);
    await clock.advance(10 * second);
    expect(await settlesAtOnce(call)).toBe(true);
    expect((await call).token).toBe(first.token);
  });

  it('is served to the very end when the last seconds bring no other', async () => {
    const { service, credential, clock } = createEngine();
    const first = await service.getToken('graph');
    credential.fail();
    await clock.advance(hour - 10 * second);
    for (let left = 9; left > 0; left--) {
      const call = service.getToken('graph');
      expect(await settlesAtOnce(call)).toBe(true);
      expect((await call).token).toBe(first.token);
      await clock.advance(second);
    }
    await clock.advance(20 * second);
    const late = service.getToken('graph').catch((e: unknown) => e);
    await clock.advance(30 * second);
    expect(await late).toBeInstanceOf(TokenUnavailableError);
    expect(service.state('graph')[0]?.state).toBe('expired');
  });
});

describe('the background refresh', () => {
  it('replaces each token at half of its life', async () => {
    const { service, credential, clock, events } = createEngine();
    clock.setRandom(0);
    await service.getToken('graph');
    await clock.advance(10 * hour - 1);
    // One at the start, then one at each full half hour.
    expect(credential.calls).toHaveLength(20);
    expect(eventTypes(events)).toEqual(['acquired', ...Array<string>(19).fill('refreshed')]);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh', refreshes: 20, failures: 0 });
  });

  it('follows the issuer when it wants a refresh sooner', async () => {
    const { service, credential, clock } = createEngine();
    clock.setRandom(0);
    credential.answer(() => credential.issue({ refreshAfterTimestamp: clock.now() + 10 * minute }));
    await service.getToken('graph');
    await clock.advance(10 * minute);
    expect(credential.calls).toHaveLength(2);
  });

  it('is a named timeout of the application’s scheduler', async () => {
    const { service, registry } = createEngine({ resources: { graph: {}, keyvault: {} } });
    await service.onModuleInit();
    expect(registry.getTimeouts().sort()).toEqual([
      'entra-token-refresh:graph',
      'entra-token-refresh:keyvault',
    ]);
  });

  it('is not reported as a timeout while its attempt is under way, whichever caller began it', async () => {
    const { service, credential, clock, registry } = createEngine();
    await service.getToken('graph');
    credential.hang();
    const refreshing = service.refresh('graph').catch(() => undefined);
    expect(registry.getTimeouts()).toEqual([]);
    await clock.advance(minute);
    await refreshing;
    expect(registry.getTimeouts()).toEqual(['entra-token-refresh:graph']);
  });

  it('does not fall over a timeout that has its name', async () => {
    const { service, registry } = createEngine();
    registry.addTimeout('entra-token-refresh:graph', 0);
    await service.getToken('graph');
    await new Promise((resolve) => setImmediate(resolve));
    expect(registry.getTimeouts()).toEqual(['entra-token-refresh:graph', 'entra-token-refresh:graph#2']);
  });

  it('can be turned off: then the first use after the due time starts it, without waiting', async () => {
    const { service, credential, clock, registry } = createEngine({ refresh: { background: false } });
    const first = await service.getToken('graph');
    await clock.advance(40 * minute);
    expect(credential.calls).toHaveLength(1);
    expect(registry.getTimeouts()).toEqual([]);
    expect((await service.getToken('graph')).token).toBe(first.token);
    await clock.advance(0);
    expect((await service.getToken('graph')).token).not.toBe(first.token);
    expect(credential.calls).toHaveLength(2);
  });

  it('takes the same token for no failure, and asks again when the credential’s cache lets go of it', async () => {
    const { service, credential, clock, events } = createEngine();
    clock.setRandom(0);
    const same = credential.issue();
    credential.answer(() => same);
    await service.getToken('graph');
    await clock.advance(30 * minute);
    expect(eventTypes(events)).toEqual(['acquired', 'unchanged']);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh', failures: 0 });
    credential.recover();
    await clock.advance(25 * minute + 2 * second);
    expect(eventTypes(events)).toEqual(['acquired', 'unchanged', 'refreshed']);
  });

  it('takes the same token for a failure in its last five minutes', async () => {
    const { service, credential, clock, events } = createEngine();
    clock.setRandom(0.5);
    const same = credential.issue();
    credential.answer(() => same);
    await service.getToken('graph');
    await clock.advance(56 * minute);
    expect(eventTypes(events)).toContain('refresh-failed');
    expect(eventTypes(events)).toContain('expiring');
    expect(service.state('graph')[0]?.lastError).toMatch(/about to expire/);
  });

  it('never replaces a token by one that expires sooner', async () => {
    const { service, credential, clock } = createEngine();
    const first = await service.getToken('graph');
    credential.answer(() => credential.issue({ expiresOnTimestamp: first.expiresOnTimestamp - minute }));
    await clock.advance(40 * minute);
    expect((await service.getToken('graph')).token).toBe(first.token);
  });

  it('reports the end of a token that nothing could replace, each step once', async () => {
    const { service, credential, clock, events } = createEngine();
    await service.getToken('graph');
    credential.fail();
    await clock.advance(2 * hour);
    const types = eventTypes(events).filter((type) => type !== 'refresh-failed');
    expect(types).toEqual(['acquired', 'expiring', 'expired']);
    credential.recover();
    await clock.advance(minute);
    expect(eventTypes(events).slice(-2)).toEqual(['refreshed', 'recovered']);
  });

  it('spaces failed attempts out', async () => {
    const { service, credential, clock } = createEngine();
    clock.setRandom(0.999);
    await service.getToken('graph');
    credential.fail();
    await clock.advance(59 * minute);
    // At first calmly; then within 4, 8, 16 s and every 30 s for the last three minutes.
    expect(credential.calls.length).toBeLessThan(14);
    expect(credential.calls.length).toBeGreaterThan(6);
  });

  it('spaces failed attempts by backoff alone when a server rejected the held token', async () => {
    const { service, credential, clock } = createEngine();
    clock.setRandom(0.999);
    const held = await service.getToken('graph');
    credential.fail();
    service.invalidate(held);
    await clock.advance(10 * second);
    expect(credential.calls).toHaveLength(5);
  });

  it('notices after sleep that the token is old, on the first call and without any', async () => {
    const { service, credential, clock } = createEngine();
    await service.getToken('graph');
    clock.jump(50 * minute);
    await clock.advance(5 * minute);
    expect(credential.calls).toHaveLength(2);
    clock.jump(50 * minute);
    const held = await service.getToken('graph');
    await clock.advance(0);
    expect((await service.getToken('graph')).token).not.toBe(held.token);
  });

  it('does not trust noted times after the clock was set back', async () => {
    const { service, credential, clock } = createEngine();
    let clockError = 0;
    credential.answer(() => {
      const exp = Math.floor((clock.now() - clockError + 5 * minute) / second);
      return {
        token: jwt({ exp, n: credential.calls.length }),
        expiresOnTimestamp: clock.now() + 5 * minute,
      };
    });
    const old = await service.getToken('graph');
    clockError = -10 * minute;
    clock.jump(clockError);
    // By the wall clock the old token would live for another fifteen minutes.
    await clock.advance(4 * minute);
    expect((await service.getToken('graph')).token).not.toBe(old.token);
    expect(service.state('graph')[0]).toMatchObject({ failures: 0 });
  });

  it('asks managed identity again when its own cache lets go of the token, hours before its end', async () => {
    const { service, credential, clock, events } = createEngine();
    credential.lifeInMs = 24 * hour;
    let cached = credential.issue({ refreshAfterTimestamp: clock.now() + 12 * hour });
    credential.answer(() => {
      if (clock.now() >= (cached.refreshAfterTimestamp ?? 0)) {
        cached = credential.issue({ refreshAfterTimestamp: clock.now() + 12 * hour });
      }
      return cached;
    });
    await service.getToken('graph');
    await clock.advance(12.6 * hour);
    expect(eventTypes(events)).toEqual(['acquired', 'refreshed']);
  });

  it('gives a late answer its due: it counts if it is newer', async () => {
    const { service, credential, clock } = createEngine();
    const first = await service.getToken('graph');
    let answerLate: () => void = () => undefined;
    credential.answer(() => new Promise((resolve) => (answerLate = () => resolve(credential.issue()))));
    await clock.advance(31 * minute);
    credential.fail();
    answerLate();
    await clock.advance(0);
    expect((await service.getToken('graph')).token).not.toBe(first.token);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh' });
  });

  it('makes a new instance when the old one keeps returning the same token', async () => {
    const made: FakeCredential[] = [];
    const engine = createEngine({
      credential: () => {
        const instance = new FakeCredential(() => engine.clock.now());
        const cached = { token: `instance-${made.length}`, expiresOnTimestamp: engine.clock.now() + hour };
        instance.answer(() => cached);
        made.push(instance);
        return instance;
      },
    });
    await engine.service.getToken('graph');
    await engine.clock.advance(31 * minute);
    expect((await engine.service.getToken('graph')).token).toBe('instance-1');
    expect(made).toHaveLength(2);
  });

  it('does not trust an instance after a failure', async () => {
    const made: FakeCredential[] = [];
    const engine = createEngine({
      credential: () => {
        const instance = new FakeCredential(() => engine.clock.now());
        if (made.length === 0) instance.fail();
        made.push(instance);
        return instance;
      },
    });
    await expect(engine.service.getToken('graph')).rejects.toThrow(TokenUnavailableError);
    const second_ = engine.service.getToken('graph');
    await engine.clock.advance(second);
    await expect(second_).resolves.toMatchObject({ token: 'token-1' });
    expect(made).toHaveLength(2);
  });

  it('passes claims to a bare instance that returns the same token', async () => {
    const { service, credential, clock } = createEngine();
    const same = credential.issue();
    credential.answer(() =>
      credential.calls.at(-1)?.options.claims === undefined ? same : credential.issue(),
    );
    await service.getToken('graph');
    await clock.advance(31 * minute);
    expect(credential.calls.at(-1)?.options.claims).toBe('{"access_token":{}}');
    expect((await service.getToken('graph')).token).not.toBe(same.token);
  });

  it('takes a token that has expired on arrival for a failure, although a cache still has the held one', async () => {
    const { service, credential, clock } = createEngine();
    const held = credential.issue();
    const isForced = (): boolean => credential.calls.at(-1)?.options.claims !== undefined;
    credential.answer(() => (isForced() ? credential.issue({ expiresOnTimestamp: 1 }) : held));
    await service.getToken('graph');
    await clock.advance(31 * minute);
    expect(service.state('graph')[0]).toMatchObject({ state: 'degraded', failures: 2 });
    credential.answer(() => (isForced() ? credential.issue() : held));
    await clock.advance(28 * minute);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh', refreshes: 2 });
  });
});

describe('a claims challenge', () => {
  it('bypasses the held token, and the answer replaces it', async () => {
    const { service, credential } = createEngine();
    const held = await service.getToken('graph');
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    const [answer, shared] = await Promise.all([
      service.getToken('graph', { claims }),
      service.getToken(graphScope, { claims }),
    ]);
    expect(answer.token).not.toBe(held.token);
    expect(shared.token).toBe(answer.token);
    expect(credential.calls.map(({ options }) => options.claims)).toEqual([undefined, claims]);
    expect((await service.getToken('graph')).token).toBe(answer.token);
  });
});

describe('invalidate', () => {
  it('replaces the token that a server rejected, once', async () => {
    const { service, credential, events } = createEngine();
    const rejected = await service.getToken('graph');
    for (let n = 0; n < 500; n++) service.invalidate(rejected);
    const replaced = await service.getToken('graph');
    expect(replaced.token).not.toBe(rejected.token);
    expect(credential.calls).toHaveLength(2);
    expect(eventTypes(events)).toEqual(['acquired', 'rejected', 'refreshed']);
  });

  it('ignores a token that is not held any more', async () => {
    const { service, credential } = createEngine();
    const old = await service.getToken('graph');
    await service.refresh('graph');
    service.invalidate(old.token);
    await service.getToken('graph');
    expect(credential.calls).toHaveLength(2);
  });

  it('believes one rejection per cool-down', async () => {
    const { service, credential, clock } = createEngine();
    for (let n = 0; n < 10; n++) {
      service.invalidate(await service.getToken('graph'));
      await service.getToken('graph');
    }
    expect(credential.calls).toHaveLength(2);
    await clock.advance(30 * second);
    service.invalidate(await service.getToken('graph'));
    await service.getToken('graph');
    expect(credential.calls).toHaveLength(3);
  });

  it('accepts a replacement that expires sooner', async () => {
    const { service, credential } = createEngine();
    const rejected = await service.getToken('graph');
    credential.lifeInMs = minute;
    service.invalidate(rejected);
    expect((await service.getToken('graph')).token).not.toBe(rejected.token);
  });

  it('gives the rejected token back when no other can be had, and later callers do not wait', async () => {
    const { service, credential, clock } = createEngine();
    const rejected = await service.getToken('graph');
    credential.hang();
    service.invalidate(rejected);
    const waiting = service.getToken('graph');
    expect(await settlesAtOnce(waiting)).toBe(false);
    await clock.advance(20 * second);
    expect((await waiting).token).toBe(rejected.token);
    await clock.advance(5 * second);
    expect(await settlesAtOnce(service.getToken('graph'))).toBe(true);
  });
});

describe('refresh', () => {
  it('gets a new token now, one request for all who ask', async () => {
    const { service, credential } = createEngine();
    const held = await service.getToken('graph');
    const [a, b] = await Promise.all([service.refresh('graph'), service.refresh('graph')]);
    expect(a.token).toBe(b.token);
    expect(a.token).not.toBe(held.token);
    expect(credential.calls).toHaveLength(2);
  });

  it('tells its caller of a failure while others keep the held token', async () => {
    const { service, credential } = createEngine();
    const held = await service.getToken('graph');
    credential.fail();
    await expect(service.refresh('graph')).rejects.toThrow(TokenUnavailableError);
    expect((await service.getToken('graph')).token).toBe(held.token);
  });
});

describe('start-up', () => {
  it('waits for every configured token', async () => {
    const { service, credential } = createEngine({ resources: { graph: {}, keyvault: {} } });
    await service.onModuleInit();
    expect(service.state().map(({ state }) => state)).toEqual(['fresh', 'fresh']);
    expect(credential.calls).toHaveLength(2);
  });

  it('asks for no second token when a data source has needed the first one before', async () => {
    const { engine, service, credential } = createEngine();
    await engine.ready('graph');
    await service.onModuleInit();
    expect(credential.calls).toHaveLength(1);
  });

  it('holds its deadline for a data source too, which comes first', async () => {
    const { engine, credential, clock } = createEngine();
    credential.hang();
    const ready = engine.ready('graph').catch((e: unknown) => e);
    await clock.advance(32 * second);
    expect(await ready).toMatchObject({ code: 'ENTRA_TIMEOUT' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is patient with a passing fault', async () => {
    const { service, credential, clock } = createEngine();
    credential.fail();
    const started = service.onModuleInit();
    await clock.advance(5 * second);
    credential.recover();
    await clock.advance(10 * second);
    await started;
    expect(service.state('graph')[0]?.state).toBe('fresh');
  });

  it('fails at once on an error that waiting cannot repair, and leaves no timer', async () => {
    const { service, credential, clock } = createEngine();
    credential.fail('AADSTS7000215: Invalid client secret provided.');
    await expect(service.onModuleInit()).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      resource: 'graph',
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up at its deadline, names what is missing and why, and leaves no timer', async () => {
    const { service, credential, clock } = createEngine();
    credential.fail('connect ECONNREFUSED 127.0.0.1:443');
    const started = service.onModuleInit().catch((e: unknown) => e);
    await clock.advance(31 * second);
    const error = await started;
    expect(error).toMatchObject({ code: 'ENTRA_TIMEOUT' });
    expect((error as Error).message).toMatch(/"graph".*ECONNREFUSED/);
    expect((error as Error).cause).toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      cause: { message: 'connect ECONNREFUSED 127.0.0.1:443' },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait with "background", and does nothing with "lazy"', async () => {
    const background = createEngine({ startup: 'background' });
    background.credential.hang();
    await background.service.onModuleInit();
    expect(background.credential.calls).toHaveLength(1);
    const lazy = createEngine({ startup: 'lazy' });
    await lazy.service.onModuleInit();
    expect(lazy.credential.calls).toHaveLength(0);
  });
});

describe('shutdown', () => {
  it('leaves no timer, ends every wait, and still serves the token that is held', async () => {
    const { service, credential, clock, registry } = createEngine({ resources: { graph: {}, keyvault: {} } });
    const completed = jest.fn();
    service.events.subscribe({ complete: completed });
    const held = await service.getToken('graph');
    credential.hang();
    const waiting = service.getToken('keyvault').catch((e: unknown) => e);
    const closed = service.onApplicationShutdown();
    await clock.advance(2 * second);
    await closed;
    expect(await waiting).toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(clock.pendingTimers).toBe(0);
    expect(registry.getTimeouts()).toEqual([]);
    expect((await service.getToken('graph')).token).toBe(held.token);
    await expect(service.getToken('keyvault')).rejects.toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(completed).toHaveBeenCalledTimes(1);
    await service.onApplicationShutdown();
  });

  it('ends the wait for the next attempt too', async () => {
    const { service, credential, clock } = createEngine();
    credential.fail();
    await expect(service.getToken('graph')).rejects.toThrow(TokenUnavailableError);
    const waiting = service.getToken('graph').catch((e: unknown) => e);
    await service.onApplicationShutdown();
    expect(await waiting).toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets an idle credential store what it must not lose', async () => {
    const { service, credential, clock } = createEngine({ resources: {} });
    const flush = jest.fn(() => Promise.resolve());
    const state = { name: 'degraded', obtainedOn: null, expiresBy: null };
    Object.assign(credential, { state: () => state, flush });
    await service.getToken('https://vault.azure.net/.default');
    await clock.advance(24 * hour);
    expect(service.state()).toEqual([]);
    await service.onApplicationShutdown();
    expect(flush).toHaveBeenCalledTimes(1);
  });
});

describe('secrets', () => {
  it('are not in anything that can be printed of the service, its states or its events', async () => {
    const { service, events, credential } = createEngine();
    await service.getToken('graph');
    credential.fail('client_secret=hunter2');
    await service.refresh('graph').catch(() => undefined);
    for (const thing of [service, service.state(), events, await service.getToken('graph')]) {
      const text = inspect(thing, { depth: Infinity, showHidden: true }) + JSON.stringify(thing);
      expect(text).not.toMatch(/token-\d|hunter2/);
    }
  });
});

describe('passwordProvider', () => {
  it('returns the current token each time', async () => {
    const { service, credential } = createEngine({ resources: { postgres: {} } });
    const [first, second_] = [databaseToken('first'), databaseToken('second')];
    credential.answer(() => credential.issue({ token: credential.calls.length === 1 ? first : second_ }));
    const password = service.passwordProvider();
    expect(await password()).toBe(first);
    await service.refresh('postgres');
    expect(await password()).toBe(second_);
  });
});
