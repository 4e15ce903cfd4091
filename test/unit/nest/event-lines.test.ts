import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import type { TokenEvent } from 'nestjs-entra-auth';

import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import { logTokenEvents } from '../../../lib/nest/token-event.logger.js';

const at = new Date(Date.UTC(2026, 0, 1));
const expiresAt = new Date(Date.UTC(2026, 0, 1, 1));
const nextRefreshAt = new Date(Date.UTC(2026, 0, 1, 0, 30));
const base = { resource: 'graph', at };

function setUp() {
  const events = new Subject<TokenEvent>();
  const lines: string[] = [];
  const write = (level: string) => (line: unknown) => void lines.push(`${level} ${String(line)}`);
  logTokenEvents(events, {
    debug: write('debug'),
    log: write('log'),
    warn: write('warn'),
    error: write('error'),
  });
  const emit = (event: object): void => events.next({ ...base, ...event } as TokenEvent);
  return { emit, lines };
}

const failure = (retryable: boolean, more: object = {}) => ({
  type: 'refresh-failed',
  error: new TokenUnavailableError('graph', { problem: 'It is down.', fix: 'Wait.', retryable }),
  nextRefreshAt,
  ...more,
});
const down = 'No access token could be obtained for the resource "graph": It is down. Wait.';

describe('the line of an event', () => {
  it.each<[object, string]>([
    [
      { type: 'acquired', expiresAt },
      'debug The access token of "graph" was acquired; it expires at 2026-01-01T01:00:00.000Z.',
    ],
    [
      { type: 'refreshed', expiresAt },
      'debug The access token of "graph" was refreshed; it expires at 2026-01-01T01:00:00.000Z.',
    ],
    [
      { type: 'unchanged', nextRefreshAt },
      'debug The access token of "graph" is still the same; next attempt at 2026-01-01T00:30:00.000Z.',
    ],
    [
      { type: 'reauthentication-required', fix: 'Sign in.' },
      'error The access token of "graph" cannot be replaced without a new sign-in. No token is held. Sign in.',
    ],
    [
      { type: 'reauthentication-required', fix: 'Sign in.', expiresAt },
      'error The access token of "graph" cannot be replaced without a new sign-in. The held one serves until 2026-01-01T01:00:00.000Z. Sign in.',
    ],
    [
      { type: 'expiring', expiresAt },
      'error The access token of "graph" expires at 2026-01-01T01:00:00.000Z and could not be replaced so far.',
    ],
    [
      { type: 'expired', expiresAt },
      'error The access token of "graph" expired at 2026-01-01T01:00:00.000Z and could not be replaced.',
    ],
    [
      { type: 'rejected', expiresAt },
      'warn The access token of "graph" was rejected by a server before its expiry; a new one is being fetched.',
    ],
    [
      { type: 'recovered', expiresAt },
      'log The access token of "graph" can be refreshed again, after 0 failed attempts.',
    ],
    [
      { type: 'credential-degraded', problem: 'It is full.', fix: 'Empty it.' },
      'error The credential of "graph": It is full. Empty it.',
    ],
    [
      { type: 'refresh-token-lost', problem: 'It is lost.', fix: 'Sign in.' },
      'error The credential of "graph": It is lost. Sign in.',
    ],
    [
      { type: 'credential-expiring', problem: 'It ends.', fix: 'Renew it.' },
      'warn It ends. It is used for "graph". Renew it.',
    ],
    [
      { type: 'credential-expired', problem: 'It ended.', fix: 'Renew it.' },
      'error It ended. It is used for "graph". Renew it.',
    ],
    [{ type: 'credential-recovered' }, 'log The credential of "graph" works again.'],
    [
      { type: 'clock-skew', clockAheadInMs: 90_400 },
      "warn This machine's clock is 90 s ahead of Entra's. Tokens are served as long as they live; set the clock.",
    ],
    [
      { type: 'clock-skew', clockAheadInMs: -90_600 },
      "warn This machine's clock is 91 s behind Entra's. Tokens are served as long as they live; set the clock.",
    ],
  ])('%j', (event, line) => {
    const { emit, lines } = setUp();
    emit(event);
    expect(lines).toEqual([line]);
  });
});

describe('the lines of an outage', () => {
  it('tell what is held, and what needs an operator as an error', () => {
    const { emit, lines } = setUp();
    emit(failure(true));
    emit(failure(false, { expiresAt, resource: 'other' }));
    expect(lines).toEqual([
      `warn ${down} Next attempt at 2026-01-01T00:30:00.000Z.`,
      `error ${down} The held one serves until 2026-01-01T01:00:00.000Z. Next attempt at 2026-01-01T00:30:00.000Z.`,
    ]);
  });

  it('come a minute apart, in either direction of the clock', () => {
    const { emit, lines } = setUp();
    const failAt = (offset: number): void => emit(failure(true, { at: new Date(at.getTime() + offset) }));
    for (const offset of [0, 59_999, -59_999]) failAt(offset);
    expect(lines).toHaveLength(1);
    failAt(60_000);
    expect(lines[1]).toContain('Wait. 2 more attempts have failed before. Next');
    failAt(0);
    expect(lines).toHaveLength(3);
    expect(lines[2]).not.toContain('more attempts');
    emit({ type: 'recovered', expiresAt });
    expect(lines[3]).toContain('after 5 failed attempts.');
    emit({ type: 'recovered', expiresAt });
    expect(lines[4]).toContain('after 0 failed attempts.');
  });

  it('have the first error that needs a repair at once, and the next in a minute', () => {
    const { emit, lines } = setUp();
    emit(failure(true));
    emit(failure(false));
    emit(failure(false));
    emit(failure(true));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'error']);
  });
});

describe('the lines of refused logins', () => {
  it('come a minute apart, for each resource', () => {
    const { emit, lines } = setUp();
    const refuse = (offset: number, resource = 'graph'): void =>
      emit({
        type: 'login-refused',
        resource,
        at: new Date(at.getTime() + offset),
        error: new Error('Refused.'),
      });
    refuse(0);
    refuse(0, 'other');
    refuse(59_999);
    refuse(60_000);
    refuse(120_000);
    expect(lines).toEqual([
      'warn Refused.',
      'warn Refused.',
      'warn Refused. 1 more logins were refused before.',
      'warn Refused.',
    ]);
  });
});
