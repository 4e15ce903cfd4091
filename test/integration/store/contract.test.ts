import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  type RefreshTokenStore,
  type StoredRefreshToken,
} from 'nestjs-entra-auth';

import { deferred } from '../../../lib/common/deadline.js';
import { SecretScan } from '../../support/secret-scan.js';
import { grant, kinds, Places } from './stores.fixture.js';

const places = new Places();

beforeAll(() => places.start());
afterAll(() => places.stop());

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error,
  );
}

/** Enters `exclusive`, and stays there until told to leave. */
async function hold(store: RefreshTokenStore): Promise<() => Promise<void>> {
  const entered = deferred<void>();
  const leave = deferred<void>();
  const work = store.exclusive(() => {
    entered.resolve();
    return leave.promise;
  });
  await Promise.race([entered.promise, work]);
  return () => {
    leave.resolve();
    return work;
  };
}

async function increment(store: RefreshTokenStore): Promise<void> {
  await store.exclusive(async (access) => {
    const before = await access.load();
    const count = Number(before?.value.refreshToken ?? '0');
    await access.save(grant(String(count + 1)), before?.version);
  });
}

describe.each(kinds)('a refresh token store: %s', (kind) => {
  let one: RefreshTokenStore;
  let other: RefreshTokenStore;

  beforeEach(() => {
    ({ one, other } = places.replicas(kind));
  });

  it('has nothing at first', async () => {
    await expect(one.load()).resolves.toBeUndefined();
    await expect(one.exclusive((access) => access.load())).resolves.toBeUndefined();
  });

  it('gives back what was saved, to every replica', async () => {
    const value: StoredRefreshToken = {
      ...grant('with "quotes", \\, \u0000, \u2028 and 🗝'),
      accessTokens: {
        '["https://graph.microsoft.com/.default"]': {
          token: 'a.b.c',
          acquiredOnTimestamp: 1,
          expiresOnTimestamp: 2.5,
          refreshAfterTimestamp: 3,
        },
        12: { token: 'numeric key', acquiredOnTimestamp: 1, expiresOnTimestamp: 2 },
      },
    };

    const saved = await one.save(value, undefined);

    expect(saved.value).toEqual(value);
    await expect(one.load()).resolves.toEqual(saved);
    await expect(other.load()).resolves.toEqual(saved);
  });

  it('has another version after every save, also of the same value', async () => {
    const value = grant();
    const versions = [(await one.save(value, undefined)).version];
    for (let n = 0; n < 3; n++) versions.push((await one.save(value, versions.at(-1))).version);

    expect(new Set(versions).size).toBe(4);
  });

  it.each(['in exclusive', 'without'])('refuses a save that follows on another version, %s', async (how) => {
    const save = (value: StoredRefreshToken, version: string | undefined) =>
      how === 'without' ? one.save(value, version) : one.exclusive((access) => access.save(value, version));

    await expect(save(grant(), 'unknown')).rejects.toThrow(RefreshTokenConflictError);
    await expect(one.load()).resolves.toBeUndefined();

    const first = await save(grant('first'), undefined);
    await expect(save(grant(), undefined)).rejects.toThrow(RefreshTokenConflictError);
    const second = await other.save(grant('second'), first.version);
    await expect(save(grant(), first.version)).rejects.toThrow(RefreshTokenConflictError);
    await expect(one.load()).resolves.toEqual(second);
  });

  it('lets one of several first saves win', async () => {
    const outcomes = await Promise.allSettled(
      [one, other, one, other].map((store, n) => store.save(grant(`token ${n}`), undefined)),
    );

    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(RefreshTokenConflictError);
    }
  });

  it('loses no update when all work in exclusive', async () => {
    const rounds = Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? one : other));

    await Promise.all(rounds.map(increment));

    expect((await one.load())?.value.refreshToken).toBe('8');
  });

  it('is exclusive: work begins after other work has ended', async () => {
    const steps: string[] = [];
    const leave = await hold(one);
    const second = other.exclusive(() => Promise.resolve(steps.push('second')));
    // A reader is not kept waiting: this takes as long as the other needs to try.
    await other.load();
    steps.push('first leaves');
    await leave();
    await second;

    expect(steps).toEqual(['first leaves', 'second']);
  });

  it('lets the callers of one process in in their order', async () => {
    const order: number[] = [];
    const leave = await hold(one);
    const waiting = [1, 2, 3, 4].map((n) => one.exclusive(() => Promise.resolve(order.push(n))));
    await leave();
    await Promise.all(waiting);

    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('has stored a save for good while the work goes on, and keeps it when the work fails', async () => {
    const value = grant();
    const failure = new Error('the rest of the work');

    const outcome = one.exclusive(async (access) => {
      const saved = await access.save(value, undefined);
      expect(await other.load()).toEqual(saved);
      const again = await access.save(value, saved.version);
      expect(again.version).not.toBe(saved.version);
      expect(await access.load()).toEqual(again);
      throw failure;
    });

    await expect(outcome).rejects.toBe(failure);
    expect((await other.load())?.value).toEqual(value);
  });

  it('returns what the work returns, and lets go when it fails', async () => {
    await expect(one.exclusive(() => Promise.resolve('result'))).resolves.toBe('result');
    await expect(one.exclusive(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(
      one.exclusive(() => {
        throw new Error('not even a promise');
      }),
    ).rejects.toThrow('not even a promise');
    await expect(other.exclusive(() => Promise.resolve('free'), { timeoutInMs: 5000 })).resolves.toBe('free');
  });

  it('does not wait longer than it is told, and does not begin the work then', async () => {
    const leave = await hold(one);
    let begun = 0;
    const work = (): Promise<number> => Promise.resolve(++begun);
    const errors = [
      await errorOf(one.exclusive(work, { timeoutInMs: 30 })),
      await errorOf(other.exclusive(work, { timeoutInMs: 30 })),
    ];
    await leave();

    for (const error of errors) {
      expect(error).toBeInstanceOf(RefreshTokenStoreError);
      expect(error).toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE', retryable: true });
      expect((error as Error).message).toContain('30 ms');
    }
    await expect(other.exclusive(work, { timeoutInMs: 5000 })).resolves.toBe(1);
    await expect(one.exclusive(work, { timeoutInMs: 5000 })).resolves.toBe(2);
  });

  it('shows no secret, neither itself nor in its errors', async () => {
    const secret = grant();
    const scan = new SecretScan({
      'refresh token': secret.refreshToken,
      key: places.key.toString('base64url'),
    });
    scan.protect({
      'key as base64': places.key.toString('base64'),
      'key as hex': places.key.toString('hex'),
    });
    const { version } = await one.save(secret, undefined);
    scan.value('a conflict', await errorOf(other.save(secret, undefined)));
    scan.value('a conflict', await errorOf(one.exclusive((access) => access.save(secret, 'unknown'))));
    if (kind !== 'memory') {
      const noTime = { ...secret, obtainedOnTimestamp: Number.NaN };
      scan.value('a wrong value', await errorOf(one.save(noTime, version)));
    }
    if (kind !== 'memory') for (const store of [one, other]) scan.value('the store', store);

    expect(scan.length).toBeGreaterThan(500);
    expect(scan.leaks()).toEqual([]);
  });
});

const durable = kinds.filter((kind) => kind !== 'memory');

describe.each(durable)('a store that outlives its process: %s', (kind) => {
  it.each<[string, StoredRefreshToken]>([
    ['no time', { refreshToken: 'x', obtainedOnTimestamp: Number.NaN }],
    ['an empty token', { refreshToken: '', obtainedOnTimestamp: 1 }],
    [
      'an access token without its end',
      {
        ...grant(),
        accessTokens: { a: { token: 't', acquiredOnTimestamp: 1, expiresOnTimestamp: Number.NaN } },
      },
    ],
  ])('refuses what could not be read again: %s', async (_, value) => {
    const { one } = places.replicas(kind);
    const { version } = await one.save(grant('good'), undefined);

    const error = await errorOf(one.save(value, version));

    expect(error).toBeInstanceOf(RefreshTokenStoreError);
    expect(error).toMatchObject({ retryable: false });
    expect((await one.load())?.value.refreshToken).toBe('good');
  });

  it('makes a save outside exclusive wait, so that a redemption is not overtaken', async () => {
    const { one, other } = places.replicas(kind);
    const { version } = await one.save(grant('first'), undefined);
    const leave = await hold(one);
    const overtaking = other.save(grant('second'), version);
    await other.load();
    expect((await other.load())?.value.refreshToken).toBe('first');
    await leave();
    await overtaking;

    expect((await one.load())?.value.refreshToken).toBe('second');
  });

  it('ends the access with the work', async () => {
    const { one } = places.replicas(kind);
    const kept = await one.exclusive((access) => Promise.resolve(access));

    const error = await errorOf(kept.save(grant(), undefined));

    expect(error).toBeInstanceOf(RefreshTokenStoreError);
    await expect(one.load()).resolves.toBeUndefined();
  });
});
