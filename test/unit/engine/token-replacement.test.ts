import { describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';

import { deferred } from '../../../lib/common/deadline.js';
import { createEngine, eventTypes } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

type Engine = ReturnType<typeof createEngine>;

/** A JWT and the end that the credential returns, as offsets from the true time. */
function issue({ clock }: Engine, exp: number, expiresIn: number, clockErrorInMs = 0): AccessToken {
  const trueNow = clock.now() - clockErrorInMs;
  const inSeconds = (time: number): number => Math.floor(time / second);
  return {
    token: jwt({ iat: inSeconds(trueNow - minute), exp: inSeconds(trueNow + exp), n: Math.random() }),
    expiresOnTimestamp: clock.now() + expiresIn,
  };
}

describe('a held token', () => {
  it.each<[string, number, number]>([
    ['whose `expires_in` ends sooner, although its `exp` ends later', 2 * hour, 2 * minute],
    ['whose `exp` ends sooner, although its `expires_in` ends later', 2 * minute, 2 * hour],
  ])('is not replaced by one %s', async (_, exp, expiresIn) => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    credential.answer(() => issue(engine, 2 * hour, 2 * hour));
    const held = await service.getToken('graph');
    credential.answer(() => issue(engine, exp, expiresIn));
    await clock.advance(61 * minute);
    expect((await service.getToken('graph')).token).toBe(held.token);
    expect(service.state('graph')).toMatchObject([{ refreshes: 1 }]);
  });

  it('is replaced by one that ends later for the issuer after the clock was set back by less than its age', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    const ahead = 5 * hour;
    credential.answer(() => issue(engine, 12 * hour, 12 * hour, ahead));
    const held = await service.getToken('graph');
    await clock.advance(5.5 * hour);
    clock.jump(-ahead);
    credential.answer(() => issue(engine, 7 * hour, 7 * hour));
    expect((await service.refresh('graph')).token).not.toBe(held.token);
  });

  it('that is a JWT is compared with an opaque one by the end that both have', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    clock.setRandom(0);
    credential.answer(() => issue(engine, hour, hour));
    const held = await service.getToken('graph');
    credential.answer(() => credential.issue({ expiresOnTimestamp: held.expiresOnTimestamp - minute }));
    await clock.advance(31 * minute);
    expect((await service.getToken('graph')).token).toBe(held.token);
    credential.answer(() => credential.issue({ expiresOnTimestamp: held.expiresOnTimestamp + minute }));
    await clock.advance(15 * minute);
    const opaque = await service.getToken('graph');
    expect(opaque.expiresOnTimestamp).toBe(held.expiresOnTimestamp + minute);
    const { length: before } = credential.calls;
    credential.answer(() => issue(engine, 4 * minute, 4 * minute));
    await clock.advance(9 * minute);
    expect(credential.calls.length).toBeGreaterThan(before);
    expect((await service.getToken('graph')).token).toBe(opaque.token);
  });

  it.each<[string, number]>([
    ['somewhat sooner', 60 * minute],
    ['at half of the time that the held one has left', 45 * minute],
  ])('is replaced on demand by one that ends %s', async (_, lifeInMs) => {
    const engine = createEngine();
    const { credential, service } = engine;
    credential.answer(() => issue(engine, 90 * minute, 90 * minute));
    const held = await service.getToken('graph');
    credential.answer(() => issue(engine, lifeInMs, lifeInMs));
    const asked = await service.refresh('graph');
    expect(asked.token).not.toBe(held.token);
    expect((await service.getToken('graph')).token).toBe(asked.token);
  });

  it('is not replaced on demand by one that ends much sooner', async () => {
    const engine = createEngine();
    const { credential, service } = engine;
    credential.answer(() => issue(engine, 90 * minute, 90 * minute));
    const held = await service.getToken('graph');
    credential.answer(() => issue(engine, 44 * minute, 44 * minute));
    expect((await service.refresh('graph')).token).toBe(held.token);
  });

  it('is not replaced in the background by one that ends somewhat sooner', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    credential.answer(() => issue(engine, 20 * hour, 20 * hour));
    const held = await service.getToken('graph');
    credential.answer(() => issue(engine, 9 * hour, 9 * hour));
    await clock.advance(10 * hour);
    expect(credential.calls.length).toBeGreaterThan(1);
    expect((await service.getToken('graph')).token).toBe(held.token);
  });

  it('is replaced by the attempt that a caller of refresh() joins', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    credential.answer(() => issue(engine, 20 * hour, 20 * hour));
    const held = await service.getToken('graph');
    const answer = deferred<AccessToken>();
    credential.answer(() => answer.promise);
    await clock.advance(10 * hour);
    const asked = service.refresh('graph');
    answer.resolve(issue(engine, 9 * hour, 9 * hour));
    expect((await asked).token).not.toBe(held.token);
  });

  it('of a database is not replaced by one that cannot be decoded', async () => {
    const { credential, service } = createEngine({ resources: { postgres: {} } });
    const held = await service.getToken('postgres');
    credential.answer(() => credential.issue({ token: 'x.y.z' }));
    await expect(service.refresh('postgres')).rejects.toThrow(/cannot be decoded, where a JWT is expected/);
    expect((await service.getToken('postgres')).token).toBe(held.token);
    expect(service.state('postgres')).toMatchObject([{ state: 'degraded' }]);
  });
});

describe('a clock that is ahead by more than a life', () => {
  it('does not keep callers from their tokens, which are refreshed at half of their lives', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    const ahead = 3 * 24 * hour;
    clock.setRandom(0);
    credential.answer(() => issue(engine, hour, hour, ahead));
    await service.getToken('graph');
    await clock.advance(10 * hour - 1);
    expect(credential.calls).toHaveLength(20);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', failures: 0 }]);
  });
});

describe('a token that lives a moment', () => {
  it.each([1, 200, second, 1_500])(
    'of %i ms costs no more requests than an endpoint that fails, with or without callers',
    async (lifeInMs) => {
      const { clock, credential, service } = createEngine();
      clock.setRandom(0.9);
      credential.lifeInMs = lifeInMs;
      const calls = (): number => credential.calls.length;
      for (let passed = 0; passed < minute; passed += 100) {
        void service.getToken('graph').catch(() => undefined);
        await clock.advance(100);
      }
      // One at once, then after 0.9, 1.8, 3.6, 7.2, 14.4, 27 s.
      expect(calls()).toBeLessThanOrEqual(8);
      const before = calls();
      await clock.advance(10 * minute);
      expect(calls() - before).toBeLessThanOrEqual(24);
    },
  );

  it('serves the callers that waited, and counts as a failure that tells why', async () => {
    const { clock, credential, service, events } = createEngine();
    credential.lifeInMs = 500;
    const waiting = [service.getToken('graph'), service.getToken('graph')];
    expect((await Promise.all(waiting)).map(({ token }) => token)).toEqual(['token-1', 'token-1']);
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed']);
    expect(service.state('graph')[0]).toMatchObject({ state: 'degraded', consecutiveFailures: 1 });
    expect(service.state('graph')[0]?.lastError).toMatch(/ends 500 ms after its receipt/);
    credential.lifeInMs = hour;
    await clock.advance(second);
    expect(eventTypes(events).slice(-2)).toEqual(['refreshed', 'recovered']);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', consecutiveFailures: 0 }]);
  });

  it('for its credential lives until its `exp`', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    clock.setRandom(0);
    credential.answer(() => issue(engine, 24 * hour, 0));
    await service.getToken('graph');
    await clock.advance(11 * hour);
    expect(credential.calls).toHaveLength(1);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh' }]);
  });
});

describe('the same token back', () => {
  it('is asked for again within half an hour, so that a renewal by the platform leaves its reserve', async () => {
    const { clock, credential, service, events } = createEngine();
    clock.setRandom(0);
    credential.lifeInMs = 24 * hour;
    const cached = credential.issue();
    credential.answer(() =>
      clock.now() < cached.expiresOnTimestamp - 11.6 * hour ? cached : credential.issue(),
    );
    await service.getToken('graph');
    await clock.advance(12 * hour);
    expect(eventTypes(events)).toEqual(['acquired', 'unchanged']);
    await clock.advance(hour / 2);
    expect(eventTypes(events)).toEqual(['acquired', 'unchanged', 'refreshed']);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', failures: 0 }]);
  });
});
