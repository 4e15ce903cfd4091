import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';

import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import { RefreshTokenStoreError } from '../../../lib/store/refresh-token-store.error.js';
import type { UserTokenEvent } from '../../../lib/users/user-token-event.js';
import { logUserTokenEvents } from '../../../lib/users/user-token-event.log.js';

const begin = Date.UTC(2026, 0, 1);
const second = 1_000;

function setUp() {
  const events = new Subject<UserTokenEvent>();
  const lines: string[] = [];
  const write = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  logUserTokenEvents(events, {
    debug: write('debug'),
    log: write('log'),
    warn: write('warn'),
    error: write('error'),
  });
  const request = { resource: 'graph', grant: 'sign-in', userKey: 'key-of-ada' } as const;
  const at = (afterInMs: number): Date => new Date(begin + afterInMs);
  return {
    lines,
    fail: (afterInMs: number, retryable = true) => {
      const error = new TokenUnavailableError('graph', { problem: 'It is down.', fix: 'Wait.', retryable });
      events.next({ ...request, type: 'user-token-failed', at: at(afterInMs), error });
    },
    recover: (afterInMs: number, failures: number) =>
      events.next({ type: 'user-tokens-recovered', at: at(afterInMs), failures }),
    refuse: (
      afterInMs: number,
      type: 'user-interaction-required' | 'user-assertion-refused',
      aadsts?: number,
    ) => {
      const code = 'ENTRA_ASSERTION_INVALID';
      const refusal = { code, challenge: 'invalid_token', ...(aadsts !== undefined && { aadsts }) } as const;
      events.next({ ...request, ...refusal, type, at: at(afterInMs) });
    },
    store: (afterInMs: number, type: 'user-refresh-token-unsaved' | 'user-refresh-token-lost') => {
      const error = new RefreshTokenStoreError('The disk is full.', 'Free it.');
      events.next({ type, at: at(afterInMs), userKey: 'key-of-ada', error });
    },
  };
}

describe('the log of what goes wrong with users', () => {
  it('has a line when requests begin to fail, one a minute while they do, and one when it is over', () => {
    const { lines, fail, recover } = setUp();
    for (let n = 0; n <= 60; n++) fail(n * second);
    recover(61 * second, 61);
    fail(62 * second, false);
    expect(lines).toEqual([
      expect.stringMatching(/^warn Exchanges of users' tokens fail \(1 so far\)\. .*It is down\./),
      expect.stringMatching(/^warn Exchanges of users' tokens fail \(61 so far\)\. /),
      "log Exchanges of users' tokens succeed again, after 61 that failed.",
      expect.stringMatching(/^error Exchanges of users' tokens fail \(1 so far\)\. /),
    ]);
  });

  it('has two lines a minute at most while they fail and succeed in turn', () => {
    const { lines, fail, recover } = setUp();
    for (let n = 0; n < 1_190; n++) {
      fail(n * 100);
      recover(n * 100 + 50, 1);
    }
    const isOver = "log Exchanges of users' tokens succeed again, after 1 that failed.";
    const fails = /^warn Exchanges of users' tokens fail \(1 so far\)/;
    expect(lines).toEqual([expect.stringMatching(fails), isOver, expect.stringMatching(fails), isOver]);
  });

  it('writes on though the clock is set back', () => {
    const { lines, fail } = setUp();
    fail(0);
    fail(-120 * second);
    expect(lines).toHaveLength(2);
  });

  it('has a line a minute of tokens that Entra refuses, and one at debug level of each user whom it wants', () => {
    const { lines, refuse } = setUp();
    for (let n = 0; n < 3; n++) refuse(n * second, 'user-assertion-refused', 50013);
    for (let n = 0; n < 2; n++) refuse(n * second, 'user-interaction-required', 50076);
    refuse(0, 'user-interaction-required');
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn Entra refused the tokens of callers \(1 so far\) \(AADSTS50013\)\. Validate/,
      ),
      'debug Entra wants a user of "graph" (AADSTS50076).',
      'debug Entra wants a user of "graph" (AADSTS50076).',
      'debug Entra wants a user of "graph".',
    ]);
  });

  it('tells as an error of refresh tokens that cannot be stored, once a minute, and of each that is lost', () => {
    const { lines, store } = setUp();
    for (let n = 0; n < 3; n++) store(n * second, 'user-refresh-token-unsaved');
    for (let n = 0; n < 2; n++) store(n * second, 'user-refresh-token-lost');
    expect(lines.map((line) => line.replace(/\..*/, ''))).toEqual([
      'error New refresh tokens of users cannot be stored (1 so far)',
      'error The new refresh token of a user is lost with the process',
      'error The new refresh token of a user is lost with the process',
    ]);
  });

  it('names no user', () => {
    const { lines, fail, refuse, store } = setUp();
    fail(0);
    refuse(0, 'user-interaction-required', 50076);
    refuse(0, 'user-assertion-refused', 50013);
    store(0, 'user-refresh-token-unsaved');
    store(0, 'user-refresh-token-lost');
    expect(lines).toHaveLength(5);
    expect(lines.join()).not.toContain('key-of-ada');
  });
});
