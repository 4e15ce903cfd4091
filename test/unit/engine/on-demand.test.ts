import { describe, expect, it, jest } from '@jest/globals';

import { processLogger } from '../../../lib/common/guarded-logger.js';
import { OnDemandEntries } from '../../../lib/engine/on-demand-entries.js';
import type { TokenEntry } from '../../../lib/engine/token-entry.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const other = 'https://other.example/.default';
const scope = (n: number): string => `https://host-${n}.example/.default`;

type Engine = ReturnType<typeof createEngine>;

const onDemandOf = ({ service }: Engine): string[] =>
  service.state().flatMap(({ resource, configured }) => (configured ? [] : [resource]));

async function ask({ service }: Engine, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await service.getToken(scope(n));
}

describe('a token that was asked for by scopes', () => {
  it('is kept fresh as long as one that was handed out is valid', async () => {
    const engine = createEngine();
    const { service, credential, clock } = engine;
    await service.getToken(other);
    for (let round = 0; round < 5; round++) {
      // As the clients of SDKs do: their own cache serves until the last two minutes.
      await clock.advance(58 * minute);
      const { calls } = credential;
      const before = calls.length;
      const token = await service.getToken(other);
      expect(calls).toHaveLength(before);
      expect(token.expiresOnTimestamp - clock.now()).toBeGreaterThanOrEqual(30 * minute);
    }
  });

  it('survives an outage that begins after its first half, for a client that asks in the last two minutes', async () => {
    const { service, credential, clock } = createEngine();
    await service.getToken(other);
    await clock.advance(31 * minute);
    credential.fail();
    await clock.advance(27 * minute);
    const answer = service.getToken(other);
    expect(await settlesAtOnce(answer)).toBe(true);
    expect((await answer).expiresOnTimestamp - clock.now()).toBeGreaterThanOrEqual(29 * minute);
  });

  it('is not refreshed when it is idle, served until its end, and then dropped', async () => {
    const engine = createEngine();
    const { service, credential, clock, registry } = engine;
    clock.setRandom(0);
    await service.getToken(other);
    await clock.advance(2 * hour - second);
    // At 0, 30 and 60 minutes; what came last lives for two hours less a second.
    expect(credential.calls).toHaveLength(2);
    expect(onDemandOf(engine)).toEqual([]);
    expect(registry.getTimeouts()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is refreshed again when it is asked for while it rests', async () => {
    const engine = createEngine();
    const { service, credential, clock } = engine;
    clock.setRandom(0);
    await service.getToken(other);
    await clock.advance(80 * minute);
    expect(credential.calls).toHaveLength(2);
    credential.fail();
    const answer = service.getToken(other);
    expect(await settlesAtOnce(answer)).toBe(true);
    expect(credential.calls).toHaveLength(3);
    credential.recover();
    await clock.advance(5 * minute);
    expect((await service.getToken(other)).token).not.toBe((await answer).token);
  });

  it('is kept fresh for callers that waited for it, and for callers that were challenged', async () => {
    const { service, credential, clock } = createEngine();
    clock.setRandom(0);
    await service.getToken(other, { claims: '{"access_token":{}}' });
    await clock.advance(31 * minute);
    await clock.advance(28 * minute);
    expect(credential.calls).toHaveLength(2);
    const answer = service.getToken(other);
    expect(await settlesAtOnce(answer)).toBe(true);
  });

  it('is dropped after a failure that no caller repeats', async () => {
    const engine = createEngine();
    const { service, credential, clock, registry } = engine;
    credential.fail();
    await expect(service.getToken(other)).rejects.toThrow('ECONNREFUSED');
    await clock.advance(minute);
    expect(credential.calls).toHaveLength(1);
    expect(onDemandOf(engine)).toEqual([]);
    expect(registry.getTimeouts()).toEqual([]);
  });
});

describe('tokens that were asked for by scopes or tenants', () => {
  it('are held by the thousand, and all survive an outage', async () => {
    const engine = createEngine({ refresh: { background: false } });
    const { service, credential, clock } = engine;
    const tenants = Array.from({ length: 2_000 }, (_, n) => `tenant-${n}.example`);
    const askAll = async (): Promise<void> => {
      await ask(engine, 0, 2_000);
      for (const tenantId of tenants) await service.getToken('graph', { tenantId });
    };
    await askAll();
    expect(credential.calls).toHaveLength(4_000);
    credential.fail();
    for (const left of [20 * minute, 2 * minute, minute]) {
      clock.jump(hour - left - clock.now() + Date.UTC(2026, 0, 1));
      await askAll();
    }
  });

  it('are 10,000 at most by default', async () => {
    const engine = createEngine({ refresh: { background: false } });
    await ask(engine, 0, 10_001);
    expect(onDemandOf(engine)).toHaveLength(10_000);
  });

  it('are as many as the options allow, and those in use are not given up for a new one', async () => {
    const engine = createEngine({ onDemand: { maxTokens: 100 } });
    const { service, credential, clock, registry } = engine;
    await ask(engine, 0, 101);
    // A hundred and one in turn: all but one are hits.
    const before = credential.calls.length;
    await ask(engine, 0, 101);
    expect(credential.calls).toHaveLength(before + 1);
    await clock.advance(0);
    expect(onDemandOf(engine)).toHaveLength(100);
    expect(registry.getTimeouts()).toHaveLength(100);
    const [a, b] = await Promise.all([service.getToken(scope(200)), service.getToken(scope(200))]);
    expect(a.token).toBe(b.token);
  });

  it('make room for a new one: idle ones first', async () => {
    const engine = createEngine({ onDemand: { maxTokens: 100 }, refresh: { background: false } });
    await ask(engine, 0, 100);
    await engine.clock.advance(31 * minute);
    // The use starts the refresh of these; what was handed out now is used.
    await ask(engine, 0, 60);
    await engine.clock.advance(28 * minute);
    await ask(engine, 0, 60);
    await engine.clock.advance(2 * minute);
    await ask(engine, 100, 140);
    const left = new Set(onDemandOf(engine));
    expect(left.size).toBe(100);
    for (let n = 0; n < 140; n++) expect(left.has(scope(n))).toBe(n < 60 || n >= 100);
  });

  it('make room when they failed, and never while callers wait', async () => {
    const engine = createEngine({ onDemand: { maxTokens: 2 } });
    const { service, credential, clock } = engine;
    credential.fail('AADSTS700016: Application was not found.');
    for (let n = 0; n < 10; n++) await service.getToken(scope(n)).catch(() => undefined);
    expect(onDemandOf(engine)).toHaveLength(2);
    credential.recover();
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    credential.answer(() => gate.then(() => credential.issue()));
    const waiting = [20, 21, 22, 23].map((n) => service.getToken(scope(n)));
    const joining = [20, 21, 22, 23].map((n) => service.getToken(scope(n)));
    answer();
    const tokens = await Promise.all([...waiting, ...joining]);
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(4);
    await clock.advance(0);
    expect(onDemandOf(engine)).toHaveLength(2);
    await service.onApplicationShutdown();
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([0, -1, Infinity, '5', 1_000_001])('are not allowed to be %p', (maxTokens) => {
    expect(() => createEngine({ onDemand: { maxTokens: maxTokens as number } })).toThrow(
      'onDemand.maxTokens',
    );
  });
});

describe('the place of tokens on demand', () => {
  it('is found in a number of steps that does not grow with their number', () => {
    const steps = (count: number): number => {
      let looks = 0;
      const clock = new ManualClock(0);
      const entries = new OnDemandEntries(count, clock, () => undefined, processLogger);
      const entry = (n: number): TokenEntry => {
        const look = (): void => void looks++;
        const held = {
          onDemandKey: String(n),
          isUsed: true,
          get state() {
            look();
            return { held: { expiresOnTimestamp: Infinity } };
          },
          get isAwaited() {
            look();
            return n % 2 === 0;
          },
          isIdle: () => (look(), false),
        };
        return held as unknown as TokenEntry;
      };
      for (let n = 0; n < count; n++) entries.add(entry(n));
      looks = 0;
      for (let n = count; n < count + 1_000; n++) {
        const surplus = entry(n);
        entries.add(surplus);
        entries.ended(surplus);
      }
      return looks;
    };
    expect(steps(20_000)).toBeLessThan(steps(2_000) * 1.5);
  });

  it('is told to be missing when all are in use, once a minute at most', async () => {
    const clock = new ManualClock(0);
    const warn = jest.fn<(line: string) => void>();
    const logger = { warn, debug: warn, log: warn, error: warn };
    const entries = new OnDemandEntries(2, clock, () => undefined, logger);
    const inUse = (n: number): TokenEntry =>
      ({ onDemandKey: String(n), isAwaited: true }) as unknown as TokenEntry;
    entries.add(inUse(0));
    entries.add(inUse(1));
    expect(warn).not.toHaveBeenCalled();
    for (let n = 2; n < 10; n++) entries.add(inUse(n));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('Raise the option "onDemand.maxTokens"');
    await clock.advance(minute - 1);
    entries.add(inUse(10));
    expect(warn).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    entries.add(inUse(11));
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('is taken away once', () => {
    const onDrop = jest.fn();
    const entries = new OnDemandEntries(1, new ManualClock(0), onDrop, processLogger);
    const [first, second_] = [{ onDemandKey: 'a' }, { onDemandKey: 'a' }] as unknown as [
      TokenEntry,
      TokenEntry,
    ];
    entries.add(first);
    entries.drop(first);
    entries.add(second_);
    // The same key, but another entry by now.
    entries.drop(first);
    expect(entries.get('a')).toBe(second_);
    expect(onDrop).toHaveBeenCalledTimes(2);
  });
});
