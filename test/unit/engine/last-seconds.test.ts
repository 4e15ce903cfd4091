import { describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';

import { createEngine, eventTypes } from '../../support/engine.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** An engine that holds a token, and an attempt to replace it that was given up but whose answer is still to come. */
async function createLate() {
  const engine = createEngine();
  const { clock, credential, service } = engine;
  const held = await service.getToken('graph');
  let answer: (token: AccessToken) => void = () => undefined;
  credential.answer(() => new Promise((resolve) => (answer = resolve)));
  void service.refresh('graph').catch(() => undefined);
  await clock.advance(0);
  credential.hang();
  await clock.advance(20_100);
  const answerLate = async (token: AccessToken): Promise<void> => {
    answer(token);
    await clock.advance(0);
  };
  return { ...engine, held, answerLate };
}

describe('an answer that comes after its attempt was given up', () => {
  it.each([
    ['ends sooner', -minute],
    ['ends at the same time', 0],
  ])('does not replace the held token when it %s', async (_, later) => {
    const { service, credential, held, events, answerLate } = await createLate();
    await answerLate(credential.issue({ expiresOnTimestamp: held.expiresOnTimestamp + later }));
    expect((await service.getToken('graph')).token).toBe(held.token);
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed']);
  });

  it.each([-minute, 0])('does not replace a better one that came meanwhile (%i)', async (later) => {
    const { service, clock, credential, held, answerLate } = await createLate();
    // The next attempt, which hangs, is given up too.
    await clock.advance(21 * second);
    const expiresOnTimestamp = held.expiresOnTimestamp + hour;
    credential.answer(() => credential.issue({ token: 'better', expiresOnTimestamp }));
    await service.refresh('graph');
    await answerLate(credential.issue({ expiresOnTimestamp: expiresOnTimestamp + later }));
    expect((await service.getToken('graph')).token).toBe('better');
    expect(service.state('graph')).toMatchObject([{ refreshes: 2 }]);
  });

  it('changes nothing when it is the held token', async () => {
    const { service, held, events, answerLate } = await createLate();
    const before = service.state('graph');
    await answerLate({ token: held.token, expiresOnTimestamp: held.expiresOnTimestamp + hour });
    expect(service.state('graph')).toEqual(before);
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed']);
  });

  it('changes nothing after the shutdown', async () => {
    const { service, clock, credential, held, answerLate, registry } = await createLate();
    const closed = service.onApplicationShutdown();
    await clock.advance(2 * second);
    await closed;
    await answerLate(credential.issue({ expiresOnTimestamp: held.expiresOnTimestamp + hour }));
    expect((await service.getToken('graph')).token).toBe(held.token);
    expect(service.state('graph')).toMatchObject([{ refreshes: 1 }]);
    expect([registry.getTimeouts(), clock.pendingTimers]).toEqual([[], 0]);
  });
});

describe('in the last seconds of a token, without timers,', () => {
  it('a caller makes the attempt that is due after a failure, and gets the new token', async () => {
    const { service, clock, credential } = createEngine({ refresh: { background: false } });
    await service.getToken('graph');
    clock.jump(hour - 25 * second);
    credential.fail();
    expect((await service.getToken('graph')).token).toBe('token-1');
    expect(await settlesAtOnce(service.getToken('graph'))).toBe(true);
    expect(credential.calls).toHaveLength(2);
    credential.recover();
    await clock.advance(2 * second);
    expect((await service.getToken('graph')).token).toBe('token-2');
  });

  it.each([
    [2 * second, second],
    [20 * second, 2 * second],
  ])('%i ms before its end, a caller waits %i ms for another', async (left, patience) => {
    const { service, clock, credential } = createEngine({ refresh: { background: false } });
    await service.getToken('graph');
    clock.jump(hour - left);
    credential.hang();
    const waiting = service.getToken('graph');
    await clock.advance(patience - 1);
    expect(await settlesAtOnce(waiting)).toBe(false);
    await clock.advance(1);
    expect(await settlesAtOnce(waiting)).toBe(true);
    expect((await waiting).token).toBe('token-1');
  });
});

describe('the state', () => {
  it('is due from the time of the next attempt on', async () => {
    const { service, clock } = createEngine({ refresh: { background: false } });
    clock.setRandom(0);
    await service.getToken('graph');
    await clock.advance(30 * minute - 1);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh' }]);
    await clock.advance(1);
    expect(service.state('graph')).toMatchObject([{ state: 'due' }]);
  });

  it('names no time of the next attempt before the first', () => {
    const { service } = createEngine();
    expect(service.state('graph')).toEqual([
      {
        resource: 'graph',
        configured: true,
        state: 'pending',
        refreshes: 0,
        failures: 0,
        consecutiveFailures: 0,
      },
    ]);
  });
});
