import { describe, expect, it } from '@jest/globals';
import type { AccessToken, TokenEvent } from 'nestjs-entra-auth';

import { logTokenEvents } from '../../../lib/nest/token-event.logger.js';
import { createEngine, eventTypes } from '../../support/engine.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import { jwt } from '../../support/tokens.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const never = (): Promise<AccessToken> => new Promise(() => undefined);

type Engine = ReturnType<typeof createEngine>;

/** Answers the first call after a while, and no other. */
function answerFirstAfter({ clock, credential }: Engine, delayInMs: number): void {
  credential.answer(() =>
    credential.calls.length > 1
      ? never()
      : new Promise((resolve) => clock.setTimeout(() => resolve(credential.issue()), delayInMs)),
  );
}

const asked = ({ credential }: Engine): string | undefined => credential.calls.at(-1)?.options.claims;

const outcome = (promise: Promise<AccessToken>): Promise<unknown> =>
  promise.then(
    ({ token }) => token,
    (error: Error) => error,
  );

describe('a token that comes after its attempt was given up', () => {
  it('reaches callers that wait for the next attempt', async () => {
    const engine = createEngine();
    const { clock, service } = engine;
    clock.setRandom(0.9);
    answerFirstAfter(engine, 20_500);
    const first = outcome(service.getToken('graph'));
    await clock.advance(20 * second);
    expect(await first).toBeInstanceOf(Error);
    const waiting = outcome(service.getToken('graph'));
    await clock.advance(600);
    expect(await settlesAtOnce(waiting)).toBe(true);
    expect(await waiting).toBe('token-1');
  });

  it('reaches callers that wait for the attempt under way, whose failure no longer counts', async () => {
    const engine = createEngine();
    const { clock, service } = engine;
    answerFirstAfter(engine, 25 * second);
    void outcome(service.getToken('graph'));
    await clock.advance(21 * second);
    const waiting = outcome(service.getToken('graph'));
    await clock.advance(5 * second);
    expect(await waiting).toBe('token-1');
    await clock.advance(30 * second);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', consecutiveFailures: 0 }]);
  });

  it('lets the application boot', async () => {
    const engine = createEngine();
    const { clock, service } = engine;
    clock.setRandom(0.9);
    answerFirstAfter(engine, 20_500);
    const started = service.onModuleInit();
    await clock.advance(20_600);
    await expect(started).resolves.toBeUndefined();
  });
});

describe('the answer to a challenge', () => {
  it('reaches callers that wait, without a token, for an attempt that hangs', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    credential.answer(() => (asked(engine) === undefined ? never() : credential.issue()));
    const waiting = outcome(service.getToken('graph'));
    await clock.advance(1);
    await service.getToken('graph', { claims });
    expect(await waiting).toBe('token-1');
  });

  it('is not replaced by a token that was asked for before, and ends sooner', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    await service.getToken('graph');
    let release = (): void => undefined;
    credential.answer(() => {
      if (asked(engine) !== undefined) return { token: 'answer', expiresOnTimestamp: clock.now() + hour };
      const older = { token: 'older', expiresOnTimestamp: clock.now() + 61 * minute - 2 * minute };
      return new Promise((resolve) => (release = () => resolve(older)));
    });
    await clock.advance(10 * minute);
    const refreshed = service.refresh('graph');
    await clock.advance(1);
    await service.getToken('graph', { claims });
    release();
    expect((await refreshed).token).toBe('answer');
    expect((await service.getToken('graph')).token).toBe('answer');
  });

  it('serves callers that waited, and none that comes after it has expired during the same attempt', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    let release = (): void => undefined;
    credential.answer(() =>
      asked(engine) === undefined
        ? new Promise((resolve) => (release = () => resolve(credential.issue())))
        : credential.issue(),
    );
    const waiting = outcome(service.getToken('graph'));
    await clock.advance(1);
    await service.getToken('graph', { claims });
    expect(await waiting).toBe('token-1');
    // The machine slept meanwhile.
    clock.jump(2 * hour);
    const late = outcome(service.getToken('graph'));
    expect(await settlesAtOnce(late)).toBe(false);
    release();
    expect(await late).toBe('token-2');
  });
});

describe('a challenge to a credential that ignores claims', () => {
  it('puts the plain refresh neither off nor right', async () => {
    const engine = createEngine();
    const { clock, credential, service, events } = engine;
    const held = credential.issue();
    credential.answer(() =>
      asked(engine) === claims || credential.calls.length === 1
        ? held
        : Promise.reject(new Error('HTTP 503')),
    );
    await service.getToken('graph');
    await clock.advance(30 * minute);
    const before = service.state('graph');
    expect(before).toMatchObject([{ state: 'degraded', consecutiveFailures: 2 }]);
    expect(await outcome(service.getToken('graph', { claims }))).toBe(held.token);
    expect(service.state('graph')).toEqual(before);
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed', 'refresh-failed', 'unchanged']);
  });
});

describe('a challenge that cannot be answered', () => {
  it('does not affect the plain token', async () => {
    const engine = createEngine();
    const { credential, service } = engine;
    credential.answer(() =>
      asked(engine) === undefined ? credential.issue() : Promise.reject(new Error('AADSTS50076: more')),
    );
    expect(await outcome(service.getToken('graph', { claims }))).toMatchObject({ aadsts: 50076 });
    expect(await outcome(service.getToken('graph'))).toBe('token-1');
  });

  it('does not put off the plain refresh', async () => {
    const engine = createEngine();
    const { clock, credential, service } = engine;
    credential.answer(() =>
      asked(engine) === undefined ? credential.issue() : Promise.reject(new Error('AADSTS53003: blocked')),
    );
    await service.getToken('graph');
    for (let passed = 0; passed < 29; passed++) {
      await clock.advance(minute);
      await outcome(service.getToken('graph', { claims }));
    }
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', refreshes: 2, failures: 0 }]);
  });

  it('is not asked for again at once, nor for ever with the old answer', async () => {
    const { clock, credential, service } = createEngine();
    await service.getToken('graph');
    credential.fail('HTTP 503');
    const before = credential.calls.length;
    for (let n = 0; n < 100; n++) await outcome(service.getToken('graph', { claims }));
    expect(credential.calls.length - before).toBe(1);
    credential.recover();
    await clock.advance(second);
    expect(await outcome(service.getToken('graph', { claims }))).toBe('token-2');
  });

  it('waits longer after each failure, and after an answer as after the first', async () => {
    const { clock, credential, service } = createEngine();
    await service.getToken('graph');
    const waits = async (failures: number): Promise<number> => {
      for (let n = 0; n < failures; n++) {
        await clock.advance(10 * second);
        await outcome(service.getToken('graph', { claims }));
      }
      const before = credential.calls.length;
      let waited = 0;
      while (credential.calls.length === before) {
        await clock.advance(100);
        waited += 100;
        await outcome(service.getToken('graph', { claims }));
      }
      return waited;
    };
    credential.fail('HTTP 503');
    expect(await waits(1)).toBe(500);
    // The request that ended the wait was the second one.
    expect(await waits(1)).toBe(2_000);
    credential.recover();
    await clock.advance(30 * second);
    await outcome(service.getToken('graph', { claims }));
    credential.fail('HTTP 503');
    expect(await waits(1)).toBe(500);
  });

  it('is remembered for the last few claims only', async () => {
    const { credential, service } = createEngine();
    credential.fail('HTTP 503');
    for (let n = 0; n < 21; n++) await outcome(service.getToken('graph', { claims: `{"n":${n}}` }));
    const before = credential.calls.length;
    await outcome(service.getToken('graph', { claims: '{"n":20}' }));
    expect(credential.calls.length).toBe(before);
    await outcome(service.getToken('graph', { claims: '{"n":0}' }));
    expect(credential.calls.length).toBe(before + 1);
  });
});

describe('a rejected token', () => {
  it('that could not be replaced is replaced by a later rejection, when there is another', async () => {
    const { clock, credential, service } = createEngine();
    credential.lifeInMs = 24 * hour;
    const same = credential.issue();
    credential.answer(() => same);
    await service.getToken('graph');
    service.invalidate(same);
    await clock.advance(second);
    credential.recover();
    await clock.advance(30 * second);
    service.invalidate(same);
    expect(await outcome(service.getToken('graph'))).toBe('token-2');
  });

  it('with 90 days left is not handed out again before the new one has had its time', async () => {
    const { clock, credential, service } = createEngine();
    credential.lifeInMs = 90 * 24 * hour;
    const first = await service.getToken('graph');
    credential.answer(
      () => new Promise((resolve) => clock.setTimeout(() => resolve(credential.issue()), 300)),
    );
    service.invalidate(first);
    const next = outcome(service.getToken('graph'));
    await clock.advance(300);
    expect(await next).toBe('token-2');
  });
});

describe('an endpoint that hangs in the last seconds of a token', () => {
  it('costs a caller two seconds at most, and later callers nothing', async () => {
    const { clock, credential, service } = createEngine();
    const { expiresOnTimestamp } = await service.getToken('graph');
    credential.hang();
    await clock.advance(expiresOnTimestamp - clock.now() - 25 * second);
    // Whatever was under way by then is given up.
    await clock.advance(0);
    const first = outcome(service.getToken('graph'));
    await clock.advance(2 * second);
    expect(await settlesAtOnce(first)).toBe(true);
    expect(await first).toBe('token-1');
    expect(await settlesAtOnce(service.getToken('graph'))).toBe(true);
  });

  it('leaves no unhandled rejection, whatever could have ended the wait', async () => {
    const { clock, credential, service } = createEngine();
    const { expiresOnTimestamp } = await service.getToken('graph');
    credential.hang();
    await clock.advance(expiresOnTimestamp - clock.now() - 25 * second);
    void outcome(service.getToken('graph'));
    await clock.advance(2 * second);
    // As every client of an Azure SDK asks; the attempt that hangs fails later, without a caller that waits.
    const { signal } = new AbortController();
    const unowned: unknown[] = [];
    const note = (reason: unknown): void => void unowned.push(reason);
    process.on('unhandledRejection', note);
    try {
      expect(await outcome(service.getToken('graph', { abortSignal: signal }))).toBe('token-1');
      await clock.advance(minute);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unowned).toEqual([]);
  });
});

describe('an odd credential', () => {
  const odd = [
    [
      'throws an error whose stack is not a string',
      () => Object.assign(new Error('odd'), { stack: [] as unknown }),
    ],
    [
      'throws an error that cannot be read',
      () =>
        new Proxy(new Error('odd'), {
          get: () => {
            throw new Error('no');
          },
        }),
    ],
  ] as const;

  it.each(odd)('that %s is asked again at the pace of failures', async (_, error) => {
    const { clock, credential, service, events } = createEngine();
    await service.getToken('graph');
    credential.answer(() => Promise.reject(error()));
    await clock.advance(40 * minute);
    expect(credential.calls.length).toBeLessThan(10);
    expect(eventTypes(events)).toContain('refresh-failed');
  });

  it('that is another service, shut down since, is asked again at the pace of failures', async () => {
    const inner = createEngine();
    const outer = createEngine({ credential: inner.service, clock: inner.clock });
    await outer.service.getToken('graph');
    const closed = inner.service.onApplicationShutdown();
    await inner.clock.advance(2 * second);
    await closed;
    await inner.clock.advance(2 * hour);
    expect(outer.service.state('graph')).toMatchObject([{ state: 'expired' }]);
    expect(outer.service.state('graph')[0]?.failures).toBeLessThan(200);
  });

  it('whose token never expires can be logged and shown', async () => {
    const { credential, service, events } = createEngine();
    const lines: string[] = [];
    credential.answer(() => ({ token: 'static', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }));
    await service.getToken('graph');
    const logger = { debug: (line: string) => lines.push(line) };
    const { Subject } = await import('rxjs');
    const subject = new Subject<TokenEvent>();
    logTokenEvents(subject, logger as never);
    subject.next(events[0]!);
    expect(lines).toEqual([expect.objectContaining({ msg: expect.stringMatching(/275760/) })]);
    expect(service.state('graph')[0]?.expiresAt?.toISOString()).toMatch(/275760/);
  });

  it('whose refresh time is in seconds, and so has passed long since, is not asked all the time', async () => {
    const { clock, credential, service } = createEngine();
    credential.answer(() =>
      credential.issue({ refreshAfterTimestamp: Math.floor(clock.now() / 1000) + 1_800 }),
    );
    await service.getToken('graph');
    await clock.advance(20 * minute);
    expect(credential.calls).toHaveLength(1);
  });

  it('that fails for scopes of a moment is not asked for ever', async () => {
    const { clock, credential, service, registry } = createEngine({ resources: {} });
    credential.fail();
    await outcome(service.getToken('https://typo.example/.default'));
    await clock.advance(24 * hour);
    expect(credential.calls.length).toBeLessThan(5);
    expect(registry.getTimeouts()).toEqual([]);
  });

  it('that hangs for many scopes still shares one call among callers that ask for the same', async () => {
    const { clock, credential, service, registry } = createEngine({ resources: {} });
    credential.hang();
    for (let n = 0; n < 100; n++) void outcome(service.getToken(`https://s${n}.example/.default`));
    await clock.advance(1);
    for (let n = 0; n < 50; n++) void outcome(service.getToken('https://extra.example/.default'));
    await clock.advance(1);
    expect(credential.calls).toHaveLength(101);
    const closed = service.onApplicationShutdown();
    await clock.advance(2 * second);
    await closed;
    expect([registry.getTimeouts(), clock.pendingTimers]).toEqual([[], 0]);
  });
});

describe('a clock that was set back by a day', () => {
  it('does not keep a token whose end is unknown', async () => {
    const { clock, service } = createEngine();
    clock.jump(24 * hour);
    await service.getToken('graph');
    clock.jump(-24 * hour);
    await clock.advance(10 * minute);
    expect((await service.getToken('graph')).token).not.toBe('token-1');
  });

  it('does not keep it for a day after one attempt that was in vain', async () => {
    const { clock, credential, service } = createEngine();
    const old = await service.getToken('graph');
    clock.jump(-24 * hour);
    credential.answer(() => ({ token: old.token, expiresOnTimestamp: old.expiresOnTimestamp }));
    await clock.advance(10 * minute);
    credential.recover();
    await clock.advance(6 * minute);
    expect(await outcome(service.getToken('graph'))).toBe('token-2');
  });

  it('does not let its end put failed attempts off', async () => {
    const { clock, credential, service } = createEngine();
    await service.getToken('graph');
    clock.jump(-24 * hour);
    credential.fail();
    await clock.advance(hour);
    credential.recover();
    await clock.advance(minute);
    expect(await outcome(service.getToken('graph'))).toBe('token-2');
  });

  it('does not keep it without a timer either, nor ask for another at each call', async () => {
    const { clock, credential, service } = createEngine({ refresh: { background: false } });
    clock.jump(24 * hour);
    await service.getToken('graph');
    clock.jump(-24 * hour);
    credential.fail();
    for (let n = 0; n < 10; n++) {
      expect(await outcome(service.getToken('graph'))).toBe('token-1');
      await clock.advance(0);
    }
    expect(credential.calls).toHaveLength(2);
    credential.recover();
    await clock.advance(second);
    await service.getToken('graph');
    await clock.advance(0);
    expect(await outcome(service.getToken('graph'))).toBe('token-2');
  });

  it('does not keep an error either', async () => {
    const { clock, credential, service } = createEngine({ refresh: { background: false } });
    clock.jump(24 * hour);
    credential.fail();
    expect(await outcome(service.getToken('graph'))).toBeInstanceOf(Error);
    credential.recover();
    clock.jump(-24 * hour);
    expect(await outcome(service.getToken('graph'))).toBe('token-1');
  });

  it('does not silence a rejection', async () => {
    const { clock, service } = createEngine();
    clock.jump(24 * hour);
    service.invalidate(await service.getToken('graph'));
    await clock.advance(second);
    clock.jump(-24 * hour);
    const held = await service.getToken('graph');
    service.invalidate(held);
    await clock.advance(second);
    expect((await service.getToken('graph')).token).not.toBe(held.token);
  });
});

describe('a clock that is behind', () => {
  it('ends a token when it ends for the issuer, as `iat` shows', async () => {
    const { clock, credential, service } = createEngine();
    const behind = 10 * minute;
    const issuedAt = clock.now() + behind;
    credential.answer(() => ({
      token: jwt({ iat: issuedAt / 1000, exp: (issuedAt + hour) / 1000 }),
      expiresOnTimestamp: issuedAt + hour,
    }));
    await service.getToken('graph');
    expect(service.state('graph')[0]?.expiresAt?.getTime()).toBe(clock.now() + hour);
  });
});

describe('start-up with a deadline of minutes', () => {
  it('is patient until then', async () => {
    const { clock, credential, service } = createEngine({ startupTimeoutInMs: 5 * minute });
    clock.setRandom(0.9);
    credential.fail();
    const started = service.onModuleInit();
    await clock.advance(4 * minute);
    credential.recover();
    await clock.advance(30 * second);
    await expect(started).resolves.toBeUndefined();
  });
});

describe('a tenant', () => {
  it('may be written in capitals', async () => {
    const tid = 'abcdef01-1111-4222-8333-444455556666';
    const { clock, credential, service } = createEngine({
      resources: { postgres: { tenantId: tid.toUpperCase() } },
    });
    credential.answer(() => ({
      token: jwt({ tid, aud: 'https://ossrdbms-aad.database.windows.net', exp: clock.now() / 1000 + 3600 }),
      expiresOnTimestamp: clock.now() + hour,
    }));
    await expect(service.getToken('postgres')).resolves.toHaveProperty('token');
  });
});
