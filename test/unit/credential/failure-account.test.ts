import { expect, it } from '@jest/globals';

import { causeOf } from '../../support/failure-account.js';

const broken = new Error('Connection terminated unexpectedly');
const lent = { from: 990, to: 1_010, connection: { lentAt: 1_000, pid: 7 } };
const killedAt = (from: number, to = from, pid = 7) => ({ restarts: [], kills: [{ pid, from, to }] });

it.each([
  ['while its user had it', killedAt(1_005), 'killed-in-flight'],
  ['while it was lent', killedAt(995, 1_001), 'killed-in-flight'],
  ['just before it was lent', killedAt(900), 'killed-while-idle'],
  ['so long before that the pool should have known', killedAt(898, 899), undefined],
  ['after the failure', killedAt(1_011), undefined],
  ['beside it', killedAt(1_005, 1_005, 8), undefined],
])('accounts for a connection that was killed %s', (_when, mischief, cause) => {
  expect(causeOf(broken, lent, mischief)).toBe(cause);
});

it('excuses no failure of another kind', () => {
  expect(causeOf(new Error('syntax error'), lent, killedAt(1_005))).toBeUndefined();
});
