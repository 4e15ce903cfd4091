import { expect, it } from '@jest/globals';

import { KeyedMutex } from '../../../lib/common/keyed-mutex.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

it('gives the lock in the order in which callers asked for it', async () => {
  const mutex = new KeyedMutex();
  const release = await mutex.acquire('a');
  const second = mutex.acquire('a');
  const third = mutex.acquire('a');

  await expect(settlesAtOnce(second)).resolves.toBe(false);
  release();
  const releaseSecond = await second;
  await expect(settlesAtOnce(third)).resolves.toBe(false);
  releaseSecond();
  await expect(settlesAtOnce(third)).resolves.toBe(true);
});

it('locks keys independently', async () => {
  const mutex = new KeyedMutex();
  await mutex.acquire('a');
  await expect(settlesAtOnce(mutex.acquire('b'))).resolves.toBe(true);
});

it('passes over a caller that gave up waiting, and not before its turn', async () => {
  const mutex = new KeyedMutex();
  const release = await mutex.acquire('a');
  const gaveUp = new AbortController();
  const second = mutex.acquire('a', gaveUp.signal);
  const third = mutex.acquire('a');
  gaveUp.abort(new Error('no longer'));

  await expect(second).rejects.toThrow('no longer');
  await expect(settlesAtOnce(third)).resolves.toBe(false);
  release();
  await expect(third).resolves.toBeInstanceOf(Function);
});

it('does not give the lock twice for a second release', async () => {
  const mutex = new KeyedMutex();
  const release = await mutex.acquire('a');
  const second = mutex.acquire('a');
  const third = mutex.acquire('a');
  release();
  release();

  await second;
  await expect(settlesAtOnce(third)).resolves.toBe(false);
});

it('releases after work that fails, and begins no work before its turn', async () => {
  const mutex = new KeyedMutex();
  const begun: string[] = [];
  const failing = mutex.withLock('a', () => Promise.reject(new Error('failed')));
  const next = mutex.withLock('a', () => Promise.resolve(begun.push('next')));

  expect(begun).toEqual([]);
  await expect(failing).rejects.toThrow('failed');
  await expect(next).resolves.toBe(1);
});

it('does not begin work whose caller gave up', async () => {
  const mutex = new KeyedMutex();
  await mutex.acquire('a');
  const gaveUp = new AbortController();
  const work = mutex.withLock('a', () => Promise.resolve('begun'), gaveUp.signal);
  gaveUp.abort(new Error('no longer'));

  await expect(work).rejects.toThrow('no longer');
});
