import { describe, expect, it } from '@jest/globals';

import { UnknownResourceError } from '../../../lib/engine/unknown-resource.error.js';
import { logTokenEvents } from '../../../lib/nest/token-event.logger.js';
import { RedisLoginRefusedError } from '../../../lib/redis/redis-login-refused.error.js';
import { createEngine, eventTypes } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

function setUp(options: Parameters<typeof createEngine>[0] = {}) {
  const engine = createEngine(options);
  const lines: string[] = [];
  const write = (level: string) => (line: unknown) => void lines.push(`${level} ${String(line)}`);
  logTokenEvents(engine.service.events, {
    debug: () => undefined,
    log: write('log'),
    warn: write('warn'),
    error: write('error'),
  });
  return { ...engine, lines };
}

describe('failures of a resource in a row', () => {
  it('are written when they begin, once a minute with a count, and when they end', async () => {
    const { service, clock, credential, lines, events } = setUp();
    clock.setRandom(0.5);
    credential.fail();
    void service.getToken('graph').catch(() => undefined);
    await clock.advance(2.5 * minute);
    const failures = eventTypes(events).length;
    expect(failures).toBeGreaterThan(10);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^warn No access token .*ECONNREFUSED\. Check[^.]*\. Next attempt at [^ ]*\.$/);
    const counts = lines.map((line) => Number(/ (\d+) more attempts have failed/.exec(line)?.[1] ?? 0));
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(3);
    credential.recover();
    await clock.advance(minute);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe(
      `log The access token of "graph" can be refreshed again, after ${failures} failed attempts.`,
    );
  });

  it('of a second outage are written anew', async () => {
    const { service, clock, credential, lines } = setUp();
    credential.fail();
    void service.getToken('graph').catch(() => undefined);
    await clock.advance(5 * second);
    credential.recover();
    await clock.advance(10 * second);
    credential.fail();
    await service.refresh('graph').catch(() => undefined);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'log', 'warn']);
    expect(lines[2]).not.toContain('more attempts');
  });

  it('of a thousand resources cost a thousand lines a minute at most', async () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `r${n}`);
    const resources = Object.fromEntries(names.map((name) => [name, { scopes: `api://${name}/.default` }]));
    const { service, clock, credential, lines } = setUp({ resources, startup: 'background' });
    credential.fail();
    await service.onModuleInit();
    await clock.advance(59 * second);
    expect(lines).toHaveLength(1_000);
    expect(lines.join('').length).toBeLessThan(400_000);
  });

  it('are written at once after the clock was set back', async () => {
    const { service, clock, credential, lines } = setUp();
    credential.fail();
    await service.refresh('graph').catch(() => undefined);
    clock.jump(-hour);
    await service.refresh('graph').catch(() => undefined);
    expect(lines).toHaveLength(2);
  });
});

describe('logins that a server refuses', () => {
  it('are written once a minute with a count, and are events each', async () => {
    const { service, clock, lines, events } = setUp();
    const error = new RedisLoginRefusedError('name:10000', 'the-oid', 'WRONGPASS invalid pair');
    for (let n = 0; n < 5; n++) service.reportRefusedLogin('graph', error);
    await clock.advance(minute);
    service.reportRefusedLogin('graph', error);
    expect(events.filter(({ type }) => type === 'login-refused')).toHaveLength(6);
    expect(lines).toEqual([
      `warn ${error.message}`,
      `warn ${error.message} 4 more logins were refused before.`,
    ]);
    expect(() => service.reportRefusedLogin('unknown', error)).toThrow(UnknownResourceError);
  });
});

describe('a clock that is wrong', () => {
  it.each([
    [5 * hour, "warn This machine's clock is 18000 s ahead of Entra's."],
    [-5 * hour, "warn This machine's clock is 18000 s behind Entra's."],
    [-60 * second, "warn This machine's clock is 60 s behind Entra's."],
  ])('by %i ms is said once, in event, line and state', async (ahead, line) => {
    const { service, clock, credential, events, lines } = setUp({ resources: { graph: {}, keyvault: {} } });
    credential.answer(() => {
      const iat = Math.floor((clock.now() - ahead) / second);
      const token = jwt({ iat, exp: iat + 3600, n: credential.calls.length });
      return { token, expiresOnTimestamp: clock.now() + hour };
    });
    await service.getToken('graph');
    await service.getToken('keyvault');
    await clock.advance(2 * hour);
    const skews = events.filter(({ type }) => type === 'clock-skew');
    expect(skews).toEqual([
      { type: 'clock-skew', resource: 'graph', at: new Date(Date.UTC(2026, 0, 1)), clockAheadInMs: ahead },
    ]);
    expect(lines).toEqual([expect.stringContaining(line)]);
    expect(service.state()).toMatchObject([{ clockAheadInMs: ahead }, { clockAheadInMs: ahead }]);
  });

  it.each([59, 60])('by %i s, a life of the token, is said from a minute on', async (seconds) => {
    const { service, clock, credential, events } = setUp();
    const aheadInMs = seconds * second;
    credential.answer(() => {
      const iat = (clock.now() - aheadInMs) / second;
      return { token: jwt({ iat, exp: iat + seconds }), expiresOnTimestamp: clock.now() + aheadInMs };
    });
    await service.getToken('graph');
    const expected = seconds < 60 ? [] : [aheadInMs];
    const skews = events.flatMap((event) => (event.type === 'clock-skew' ? event.clockAheadInMs : []));
    expect(skews).toEqual(expected);
    expect(service.state('graph').flatMap((state) => state.clockAheadInMs ?? [])).toEqual(expected);
  });

  it('is said again when it has changed, and not after it was set right', async () => {
    const { service, clock, credential, events } = setUp();
    let ahead = 5 * hour;
    credential.answer(() => {
      const iat = Math.floor((clock.now() - ahead) / second);
      const token = jwt({ iat, exp: iat + 3600, n: credential.calls.length });
      return { token, expiresOnTimestamp: clock.now() + hour };
    });
    await service.getToken('graph');
    ahead = 7 * hour;
    clock.jump(2 * hour);
    await service.refresh('graph');
    ahead = 0;
    clock.jump(-7 * hour);
    await service.refresh('graph');
    const skews = events.filter(({ type }) => type === 'clock-skew');
    expect(skews.map((event) => 'clockAheadInMs' in event && event.clockAheadInMs)).toEqual([
      5 * hour,
      7 * hour,
    ]);
    expect(service.state('graph')[0]).not.toHaveProperty('clockAheadInMs');
  });
});
