import { expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { stagger } from '../../../lib/redis/stagger.js';

const connections = Array.from({ length: 40 }, (_, n) => n);

it('presents ten at once, and the next ten after 5 ms', async () => {
  const clock = new ManualClock();
  const presented: number[] = [];
  const startedAt = clock.now();
  const all = stagger(connections, () => presented.push(clock.now() - startedAt) > 0, clock);
  expect(presented).toHaveLength(10);
  await clock.advance(14);
  expect(presented).toHaveLength(30);
  await clock.advance(6);
  await all;
  expect(presented).toEqual(connections.map((n) => Math.floor(n / 10) * 5));
});

it('does not pause for those that have nothing to do', async () => {
  const clock = new ManualClock();
  const presented: number[] = [];
  await stagger(connections, (connection) => presented.push(connection) < 0, clock);
  expect(presented).toEqual(connections);
  expect(clock.pendingTimers).toBe(0);
});
