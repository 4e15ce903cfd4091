import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { ExchangeQueue } from '../../../lib/users/exchange-queue.js';
import { TenantPauses } from '../../../lib/users/tenant-pauses.js';

const newQueue = () => new ExchangeQueue(24, new TenantPauses(new ManualClock()), 10_000);

describe('the queue of exchanges', () => {
  it('begins one in each turn of the event loop, and as many at once as it may', async () => {
    const queue = newQueue();
    const begun: number[] = [];
    const running = new Set<() => void>();
    let count = 0;
    const all = Array.from({ length: 100 }, () =>
      queue.run('tenant', () => {
        count++;
        return new Promise<void>((resolve) => running.add(resolve));
      }),
    );
    for (let turn = 0; turn < 26; turn++) {
      begun.push(count);
      await setImmediate();
    }
    expect(begun).toEqual([...Array.from({ length: 24 }, (_, n) => n + 1), 24, 24]);
    while (count < 100) {
      const before = count;
      for (const end of running) end();
      running.clear();
      await setImmediate();
      expect(count - before).toBeLessThanOrEqual(2);
    }
    for (const end of running) end();
    await Promise.all(all);
    expect(queue.length).toBe(0);
  });

  it('begins a single one at once', () => {
    const queue = newQueue();
    let begun = false;
    void queue.run('tenant', () => ((begun = true), Promise.resolve()));
    expect(begun).toBe(true);
  });
});
