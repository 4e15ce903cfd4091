import { describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';

import { noteNetworkError, noteResponse, observationOf } from '../../../lib/entra/wire-observation.js';
import { createEngine, eventTypes } from '../../support/engine.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** An engine whose credential, made anew at will, answers from the cache of its process while its endpoint fails. */
function createCached(
  answerWhileDown: (held: AccessToken | undefined) => AccessToken | undefined = (h) => h,
) {
  let down: { status: number; retryAfter?: string } | { networkError: Error } | undefined;
  let cached: AccessToken | undefined;
  let requests = 0;
  const engine = createEngine({
    credential: () => ({
      getToken: (_, options) => {
        requests++;
        const observation = observationOf(options?.abortSignal);
        if (down !== undefined && 'networkError' in down) noteNetworkError(observation, down.networkError);
        else {
          const { status = 200, retryAfter } = down ?? {};
          noteResponse(observation, { status, retryAfter, date: undefined }, engine.clock.now());
        }
        if (down === undefined) cached = engine.credential.issue();
        else cached = answerWhileDown(cached);
        return Promise.resolve(cached ?? null);
      },
    }),
  });
  engine.clock.setRandom(0.5);
  return {
    ...engine,
    requests: () => requests,
    fail: (status: number, retryAfter?: string) =>
      (down = { status, ...(retryAfter === undefined ? {} : { retryAfter }) }),
    disconnect: (networkError: Error) => (down = { networkError }),
    recover: () => (down = undefined),
  };
}

describe('an error that the credential swallows, since it has a token in its cache', () => {
  it.each([400, 429, 500, 503])('is a failure all the same: %i', async (status) => {
    const { service, clock, events, fail, recover } = createCached();
    const held = await service.getToken('graph');
    fail(status);
    await clock.advance(40 * minute);
    expect((await service.getToken('graph')).token).toBe(held.token);
    expect(service.state('graph')[0]).toMatchObject({ state: 'degraded', consecutiveFailures: 2 });
    expect(service.state('graph')[0]?.lastError).toContain(`HTTP ${status}`);
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed', 'refresh-failed']);
    expect(events[1]).toMatchObject({ error: { statusCode: status } });
    recover();
    await clock.advance(20 * minute);
    expect(eventTypes(events).slice(-2)).toEqual(['refreshed', 'recovered']);
  });

  it('is a failure all the same: no response', async () => {
    const { service, clock, events, requests, disconnect } = createCached();
    const held = await service.getToken('graph');
    disconnect(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:40342'), { code: 'ECONNREFUSED' }));
    const before = requests();
    await clock.advance(38 * minute);
    expect((await service.getToken('graph')).token).toBe(held.token);
    expect(service.state('graph')[0]).toMatchObject({ state: 'degraded', consecutiveFailures: 2 });
    expect(service.state('graph')[0]?.lastError).toContain('ECONNREFUSED');
    expect(eventTypes(events)).toEqual(['acquired', 'refresh-failed', 'refresh-failed']);
    expect(requests() - before).toBe(2);
  });

  it('costs one request for each attempt, and its Retry-After is honoured', async () => {
    const { service, clock, requests, fail } = createCached();
    await service.getToken('graph');
    fail(429, '600');
    const before = requests();
    await clock.advance(38 * minute);
    expect(requests() - before).toBe(1);
    expect(service.state('graph')[0]?.lastError).toContain('HTTP 429');
  });

  it('does not matter when the token is another one', async () => {
    const { service, clock, credential, fail } = createCached(() => credential.issue());
    const held = await service.getToken('graph');
    fail(503);
    await clock.advance(31 * minute);
    expect((await service.getToken('graph')).token).not.toBe(held.token);
    expect(service.state('graph')[0]).toMatchObject({ state: 'fresh', failures: 0 });
  });
});

describe('the `Date` of a response', () => {
  it('shows by how much the clock is wrong, so that a token with an end by the issuer’s clock can be used', async () => {
    const ahead = 30 * hour;
    const { service, clock, credential } = createEngine();
    credential.answer(() => {
      const date = new Date(clock.now() - ahead).toUTCString();
      const signal = credential.calls.at(-1)?.options.abortSignal;
      noteResponse(observationOf(signal), { status: 200, retryAfter: undefined, date }, clock.now());
      return credential.issue({ expiresOnTimestamp: clock.now() - ahead + hour });
    });
    const { expiresOnTimestamp } = await service.getToken('graph');
    expect(expiresOnTimestamp).toBe(clock.now() + hour);
  });

  it('of an error does not prolong an expired token from a cache', async () => {
    const ahead = 24 * hour;
    const { service, clock, credential } = createEngine();
    const cached = credential.issue();
    credential.answer(() => {
      const date = new Date(clock.now() - ahead).toUTCString();
      const signal = credential.calls.at(-1)?.options.abortSignal;
      noteResponse(observationOf(signal), { status: 503, retryAfter: undefined, date }, clock.now());
      return cached;
    });
    expect((await service.getToken('graph')).expiresOnTimestamp).toBe(cached.expiresOnTimestamp);
    await clock.advance(hour);
    expect(service.state('graph')[0]).toMatchObject({ state: 'expired', refreshes: 1 });
  });

  it('that cannot be read shows nothing', async () => {
    const { service, clock, credential } = createEngine();
    credential.answer(() => {
      const signal = credential.calls.at(-1)?.options.abortSignal;
      const response = { status: 200, retryAfter: undefined, date: 'yesterday' };
      noteResponse(observationOf(signal), response, clock.now());
      return credential.issue();
    });
    expect((await service.getToken('graph')).expiresOnTimestamp).toBe(clock.now() + hour);
  });
});
