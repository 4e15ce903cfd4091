import { expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import type { EntraRedisConnector } from '../../../lib/redis/redis.connector.js';
import type { RedisLogin } from '../../../lib/redis/redis-logins.js';
import type { RedisSession } from '../../../lib/redis/redis-session.js';
import { Unblocking } from '../../../lib/redis/unblocking.js';

const second = 1_000;

/** An AUTH that waits behind a block, on a connection whose token has so long to live. */
function waiting(lifeInMs: number, clientId: string | undefined) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const socket = { end: (text: string) => void sent.push(text), resume: () => undefined };
  const opened: RedisLogin[] = [];
  const open = (login: RedisLogin): Promise<unknown> => {
    opened.push(login);
    return Promise.resolve({ socket });
  };
  const loginUntil = (expiresOnTimestamp: number): RedisLogin => ({
    username: 'the-oid',
    token: { token: `${expiresOnTimestamp}`, expiresOnTimestamp },
  });
  const unblocking = new Unblocking({ open } as unknown as EntraRedisConnector, clock);
  const next = loginUntil(clock.now() + 3_600 * second);
  const session = { login: loginUntil(clock.now() + lifeInMs), clientId } as RedisSession;
  unblocking.start(session, next);
  return { clock, sent, opened, unblocking, next };
}

it.each([
  ['ten seconds', 60 * second, 50 * second],
  ['a quarter of what was left', 20 * second, 15 * second],
])('is unblocked from a second connection %s before the token ends, until it is answered', async (...row) => {
  const [, lifeInMs, dueInMs] = row;
  const { clock, sent, opened, unblocking, next } = waiting(lifeInMs, '7');
  await clock.advance(dueInMs - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toEqual(['*3\r\n$6\r\nCLIENT\r\n$7\r\nUNBLOCK\r\n$1\r\n7\r\n']);
  await clock.advance(250);
  expect(sent).toHaveLength(2);
  expect(opened).toEqual([next, next]);
  unblocking.stop();
  await clock.advance(10 * second);
  expect(sent).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
});

it('opens no second connection for one whose id is unknown', async () => {
  const { clock, opened } = waiting(60 * second, undefined);
  await clock.advance(60 * second);
  expect(opened).toEqual([]);
});
