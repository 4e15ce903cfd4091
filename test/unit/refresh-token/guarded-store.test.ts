import { describe, expect, it, jest } from '@jest/globals';
import {
  MemoryRefreshTokenStore,
  RefreshTokenUnreadableError,
  type RefreshTokenStore,
} from 'nestjs-entra-auth';
import { ManualClock } from 'nestjs-entra-auth/testing';

import type { EntraAuthError } from '../../../lib/common/entra-auth.error.js';
import { GuardedStore } from '../../../lib/refresh-token/guarded-store.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const grant = { refreshToken: 'stored', obtainedOnTimestamp: 0 };
const timeoutInMs = 10_000;

/** A store in memory whose lock behaves as a test wants it. */
function guarded(exclusive?: RefreshTokenStore['exclusive']) {
  const clock = new ManualClock();
  const inner = new MemoryRefreshTokenStore(grant);
  const store = {
    load: () => inner.load(),
    save: inner.save.bind(inner),
    exclusive: inner.exclusive.bind(inner),
  };
  if (exclusive !== undefined) store.exclusive = exclusive;
  return { store: new GuardedStore(store, timeoutInMs, clock), inner, clock };
}

const rethrow = (failure: EntraAuthError) => Promise.reject(failure);

describe('GuardedStore.withLock', () => {
  it('returns what the work returns, and throws what the work throws', async () => {
    const { store } = guarded();
    const error = new Error('of the work');
    const instead = jest.fn(rethrow);
    await expect(store.withLock(async (access) => (await access.load())?.value, instead)).resolves.toEqual(
      grant,
    );
    await expect(store.withLock(() => Promise.reject(error), instead)).rejects.toBe(error);
    expect(instead).not.toHaveBeenCalled();
  });

  it.each<[string, RefreshTokenStore['exclusive'], RegExp]>([
    ['rejects', () => Promise.reject(new Error('disk full')), /could not be locked: disk full\./],
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
      /could not be locked: disk full\./,
    ],
    ['skips the work', () => Promise.resolve(undefined as never), /did not run the work within 10000 ms/],
  ])('calls `instead` once when the store %s', async (_, exclusive, message) => {
    const work = jest.fn(() => Promise.resolve('work'));
    const instead = jest.fn((failure: EntraAuthError) => Promise.resolve(failure.message));
    await expect(guarded(exclusive).store.withLock(work, instead)).resolves.toMatch(message);
    expect(work).not.toHaveBeenCalled();
    expect(instead).toHaveBeenCalledTimes(1);
  });

  it('calls `instead` at the deadline, and refuses a lock that comes later', async () => {
    let acquire!: () => Promise<unknown>;
    const { store, inner, clock } = guarded(
      (work) =>
        new Promise((_, reject) => {
          acquire = () => inner.exclusive(work).catch(reject);
        }),
    );
    const work = jest.fn(() => Promise.resolve('work'));
    const result = store.withLock(work, (failure) => Promise.resolve(failure.message));
    await clock.advance(2 * timeoutInMs - 1);
    expect(await settlesAtOnce(result)).toBe(false);
    await clock.advance(1);
    await expect(result).resolves.toMatch(/could not be locked within 10000 ms/);
    await acquire();
    expect(work).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the result of work whose lock was lost', async () => {
    let end!: (value: string) => void;
    const losing: RefreshTokenStore['exclusive'] = (work) =>
      new Promise((_, reject) => {
        const begin: typeof work = (access) => {
          const working = work(access);
          reject(new Error('connection lost'));
          return working;
        };
        void inner.exclusive(begin);
      });
    const { store, inner } = guarded(losing);
    const result = store.withLock(() => new Promise<string>((resolve) => (end = resolve)), rethrow);
    expect(await settlesAtOnce(result)).toBe(false);
    end('saved');
    await expect(result).resolves.toBe('saved');
  });

  it.each([
    ['no object', undefined, 'it is not an object'],
    ['no refresh token', { ...grant, refreshToken: '' }, '"refreshToken" is not a text'],
    ['no time', { ...grant, obtainedOnTimestamp: NaN }, '"obtainedOnTimestamp" is not a time'],
  ])('refuses a record with %s', async (_, value, reason) => {
    const stored = { load: () => Promise.resolve({ value: value as never, version: '1' }), save: jest.fn() };
    const { store } = guarded((work) => work(stored as never));
    const loading = store.withLock((access) => access.load(), rethrow);
    await expect(loading).rejects.toThrow(RefreshTokenUnreadableError);
    await expect(loading).rejects.toThrow(reason);
  });
});
