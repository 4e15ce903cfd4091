import { EventEmitter } from 'node:events';

import { expect, it } from '@jest/globals';

import { reconnectNow, type RedisClient } from '../../../lib/redis/redis-client.js';

/** Asks `retryStrategy` when it disconnects, as ioredis does. */
function client(retryStrategy: ((times: number) => unknown) | null | undefined) {
  const options = { retryStrategy };
  const delays: unknown[] = [];
  const emitter = new EventEmitter();
  const disconnect = (): void => {
    delays.push(options.retryStrategy?.(delays.length + 1));
    emitter.emit('reconnecting');
  };
  const one = Object.assign(emitter, { options, disconnect });
  return { delays, options, disconnect, client: one as unknown as RedisClient };
}

it.each([null, undefined, () => undefined, () => 5_000])(
  'connects anew at once, whatever %p answers',
  (strategy) => {
    const { client: one, delays, options, disconnect } = client(strategy);
    reconnectNow(one);
    expect(delays).toEqual([0]);
    disconnect();
    expect(delays[1]).toEqual(strategy?.());
    expect(options.retryStrategy).toBe(strategy);
  },
);

it('is silent about the first time, and emits later ones', () => {
  const { client: one, disconnect } = client(() => 0);
  let heard = 0;
  one.on('reconnecting', () => heard++);
  reconnectNow(one);
  expect(heard).toBe(0);
  disconnect();
  expect(heard).toBe(1);
});

it('leaves duplicates that were made meanwhile with the answers of the client', () => {
  const strategy = (times: number): number => times * 100;
  const { client: one, options } = client(strategy);
  let copied = options.retryStrategy;
  const disconnect = one.disconnect.bind(one);
  one.disconnect = () => {
    copied = options.retryStrategy;
    disconnect();
  };
  reconnectNow(one);
  expect(copied).not.toBe(strategy);
  expect(copied?.(3)).toBe(300);
});
