import { describe, expect, it } from '@jest/globals';
import { MemoryRefreshTokenStore, type RefreshTokenStore } from 'nestjs-entra-auth';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { RefreshTokenKeeper } from '../../../lib/refresh-token/refresh-token.keeper.js';
import type { RefreshTokenSettings } from '../../../lib/refresh-token/refresh-token.settings.js';
import { RefreshTokenConflictError } from '../../../lib/store/refresh-token-store.error.js';

const grant = (refreshToken: string, more: object = {}) => ({
  refreshToken,
  obtainedOnTimestamp: 7,
  ...more,
});
const shared = (token: string) => ({ token, acquiredOnTimestamp: 0, expiresOnTimestamp: 1 });

interface Faults {
  load?: Error | undefined;
  save?: Error | undefined;
  lock?: Error | undefined;
}

/** A keeper whose store fails as long as a fault is set. */
function setUp(stored = 'a', stopWhenStoreFails = false) {
  const inner = new MemoryRefreshTokenStore(stored === '' ? undefined : grant(stored));
  const faults: Faults = {};
  const unless = <T>(fault: Error | undefined, call: () => Promise<T>): Promise<T> =>
    fault === undefined ? call() : Promise.reject(fault);
  const access = {
    load: () => unless(faults.load, () => inner.load()),
    save: (...given: Parameters<RefreshTokenStore['save']>) =>
      unless(faults.save, () => inner.save(...given)),
  };
  const store = {
    ...access,
    exclusive: (work: (given: typeof access) => Promise<unknown>) =>
      unless(faults.lock, () => inner.exclusive(() => work(access))),
  } as unknown as RefreshTokenStore;
  const keeper = new RefreshTokenKeeper({
    store,
    storeTimeoutInMs: 1_000,
    stopWhenStoreFails,
    transport: { clock: new ManualClock() },
  } as unknown as RefreshTokenSettings);
  const held = async () => (await inner.load())?.value.refreshToken;
  /** Replaces the refresh token in use, as a redemption does. */
  const replace = (next: string, more: object = {}) =>
    keeper.use(async (kept) => {
      const { stored: used } = kept;
      const redeemed = keeper.memory.candidates(used)[0] ?? grant('none');
      await kept.save(grant(next, more), redeemed);
      return used?.refreshToken;
    });
  return { keeper, inner, faults, held, replace };
}

const full = new Error('disk full');

describe('a store that works', () => {
  it('is loaded before and saved after', async () => {
    const { keeper, held, replace } = setUp();
    await expect(replace('b')).resolves.toBe('a');
    await expect(held()).resolves.toBe('b');
    expect([keeper.problem, keeper.memory.unsaved, keeper.memory.latest]).toEqual([
      undefined,
      undefined,
      grant('b'),
    ]);
    await expect(keeper.use(({ stored }) => Promise.resolve(stored?.refreshToken))).resolves.toBe('b');
  });

  it('may be empty', async () => {
    const { held, replace } = setUp('');
    await expect(replace('b')).resolves.toBeUndefined();
    await expect(held()).resolves.toBe('b');
  });

  it('is read in the background for when the refresh token was obtained', async () => {
    const { keeper } = setUp();
    expect(keeper.obtainedOn()).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(keeper.obtainedOn()).toBe(7);
    keeper.memory.latest = grant('b', { obtainedOnTimestamp: 9 });
    expect(keeper.obtainedOn()).toBe(9);
  });

  it('passes on what the work throws', async () => {
    const { keeper } = setUp();
    await expect(keeper.use(() => Promise.reject(full))).rejects.toBe(full);
    expect(keeper.problem).toBeUndefined();
  });
});

describe('a store that cannot be written', () => {
  it('leaves the successor in memory until it can', async () => {
    const { keeper, faults, held, replace } = setUp();
    faults.save = full;
    await replace('b');
    expect(keeper.memory.unsaved).toEqual({ value: grant('b'), follows: ['a'] });
    expect(keeper.problem).toMatchObject({
      code: 'ENTRA_REFRESH_TOKEN_STORE',
      message:
        'The refresh token store could not be written: disk full. Check what the store keeps its data in; it is tried again.',
    });
    await replace('c');
    expect(keeper.memory.unsaved).toEqual({ value: grant('c'), follows: ['a', 'b'] });
    await keeper.flush();
    expect(keeper.problem?.message).toContain('disk full');
    await expect(held()).resolves.toBe('a');
    faults.save = undefined;
    await keeper.flush();
    await expect(held()).resolves.toBe('c');
    expect([keeper.problem, keeper.memory.unsaved]).toEqual([undefined, undefined]);
  });

  it('holds nothing unsaved when only access tokens were to be stored', async () => {
    const { keeper, faults, replace } = setUp();
    faults.save = full;
    await replace('a', { accessTokens: { key: shared('t') } });
    expect(keeper.memory.unsaved).toBeUndefined();
    expect(keeper.problem?.message).toContain('disk full');
  });

  it('gets the access tokens of both when it can be written', async () => {
    const { keeper, inner, faults, replace } = setUp();
    faults.save = full;
    await replace('b', { accessTokens: { b: shared('2') } });
    const before = await inner.load();
    await inner.save(grant('a', { accessTokens: { a: shared('1') } }), before?.version);
    faults.save = undefined;
    await keeper.flush();
    expect((await inner.load())?.value).toEqual(
      grant('b', { accessTokens: { a: shared('1'), b: shared('2') } }),
    );
  });

  it('has no access tokens where there were none', async () => {
    const { keeper, inner, faults, replace } = setUp();
    faults.save = full;
    await replace('b');
    faults.save = undefined;
    await keeper.flush();
    expect((await inner.load())?.value).toEqual(grant('b'));
  });
});

describe('a refresh token that waits to be stored', () => {
  it('was stored after all, although the write had failed', async () => {
    const { keeper, inner, faults, replace } = setUp();
    faults.save = full;
    await replace('b');
    await inner.save(grant('b'), (await inner.load())?.version);
    await keeper.flush();
    expect([keeper.memory.unsaved, keeper.problem]).toEqual([undefined, undefined]);
  });

  it('gives way to one that another process has stored, as its fallback', async () => {
    const { keeper, inner, faults, held, replace } = setUp();
    faults.save = full;
    await replace('b');
    await inner.save(grant('x'), (await inner.load())?.version);
    faults.save = undefined;
    await keeper.flush();
    await expect(held()).resolves.toBe('x');
    expect(keeper.memory.unsaved).toBeUndefined();
    expect(keeper.memory.candidates(grant('x'))).toEqual([grant('x'), grant('b')]);
  });

  it('is stored although the store was emptied', async () => {
    const { keeper, faults, held, replace } = setUp('');
    faults.save = full;
    await replace('b');
    faults.save = undefined;
    await keeper.flush();
    await expect(held()).resolves.toBe('b');
  });

  it('learns of a conflict what another process has stored', async () => {
    const { keeper, faults, replace } = setUp();
    faults.save = new RefreshTokenConflictError('the memory');
    await replace('b');
    expect(keeper.memory.unsaved).toMatchObject({ value: grant('b') });
    expect(keeper.problem?.code).toBe('ENTRA_REFRESH_TOKEN_CONFLICT');
    faults.load = full;
    await replace('c');
    expect(keeper.problem?.message).toContain('could not be read: disk full');
  });
});

describe.each(['load', 'lock'] as const)('a store that fails to %s', (fault) => {
  it('is done without, and the successor waits in memory', async () => {
    const { keeper, faults, replace } = setUp();
    faults[fault] = full;
    await expect(replace('b')).resolves.toBeUndefined();
    expect(keeper.memory.unsaved).toEqual({ value: grant('b'), follows: ['none'] });
    expect(keeper.memory.latest).toEqual(grant('b'));
    expect(keeper.problem?.message).toContain('disk full');
    await replace('b');
    expect(keeper.memory.unsaved).toEqual({ value: grant('b'), follows: ['none'] });
  });

  it('ends the work where it is to stop, unless a newer refresh token waits', async () => {
    const { keeper, faults, replace } = setUp('a', true);
    faults[fault] = full;
    await expect(replace('b')).rejects.toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE' });
    keeper.memory.keep(grant('c'), ['a']);
    await expect(replace('d')).resolves.toBeUndefined();
  });
});
