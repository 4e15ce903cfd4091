import { describe, expect, it } from '@jest/globals';
import type { TokenEvent } from 'nestjs-entra-auth';

import { bounded, linesAfter, newsOfLogin, newsOfToken } from '../../../lib/dashboard/event-lines.js';
import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';

const at = new Date(Date.UTC(2026, 0, 1));
const expiresAt = new Date(Date.UTC(2026, 0, 1, 1));
const repair = { problem: 'It is full.', fix: 'Empty it.' };
const failure = (retryable: boolean): object => ({
  type: 'refresh-failed',
  error: new TokenUnavailableError('graph', { problem: 'It is down.', fix: 'Wait.', retryable }),
});

describe('the line of a token event', () => {
  it.each<[object, string, string]>([
    [{ type: 'acquired', expiresAt }, 'info', 'A new token, valid for 3600 s.'],
    [{ type: 'refreshed', expiresAt }, 'info', 'A new token, valid for 3600 s.'],
    [{ type: 'unchanged' }, 'info', 'The credential returned the held token again.'],
    [{ type: 'recovered' }, 'info', 'The token can be refreshed again.'],
    [{ type: 'credential-recovered' }, 'info', 'The credential works again.'],
    [failure(true), 'warning', 'It is down. Wait.'],
    [failure(false), 'error', 'It is down. Wait.'],
    [{ type: 'login-refused', error: new Error('Refused.') }, 'warning', 'Refused.'],
    [{ type: 'rejected' }, 'warning', 'A server rejected the held token; a new one is being fetched.'],
    [{ type: 'credential-expiring', ...repair }, 'warning', 'It is full. Empty it.'],
    [
      { type: 'clock-skew', clockAheadInMs: -90_600 },
      'warning',
      'The clock of this machine is wrong by -91 s.',
    ],
    [{ type: 'expiring' }, 'error', 'The held token is near its end and could not be replaced so far.'],
    [{ type: 'expired' }, 'error', 'The held token expired and could not be replaced.'],
    [{ type: 'reauthentication-required', ...repair }, 'error', 'It is full. Empty it.'],
    [{ type: 'credential-degraded', ...repair }, 'error', 'It is full. Empty it.'],
    [{ type: 'credential-expired', ...repair }, 'error', 'It is full. Empty it.'],
    [{ type: 'refresh-token-lost', ...repair }, 'error', 'It is full. Empty it.'],
  ])('%j', (event, severity, text) => {
    const { type } = event as TokenEvent;
    expect(newsOfToken({ resource: 'graph', at, ...event } as TokenEvent)).toEqual({
      at: '2026-01-01T00:00:00.000Z',
      type,
      subject: 'graph',
      severity,
      text,
    });
  });
});

describe('the line of a login', () => {
  const login = { at, durationInMs: 1_500, dataSource: 'default', role: 'app', host: 'db.example' };

  it('is of one that did not succeed, at its end', () => {
    expect(newsOfLogin({ ...login, outcome: 'accepted' } as never)).toBeUndefined();
    expect(newsOfLogin({ ...login, outcome: 'refused', error: new Error('No.') } as never)).toEqual({
      at: '2026-01-01T00:00:01.500Z',
      type: 'login-refused',
      subject: 'default',
      severity: 'error',
      text: '"app" could not log in to db.example. No.',
    });
  });
});

describe('the lines', () => {
  const news = (subject: string, text: string, type = 'expired') =>
    ({ at: '', type, subject, severity: 'error', text }) as const;

  it('count what repeats the last line of its subject, and put it first', () => {
    let lines = linesAfter([], news('graph', 'a'));
    lines = linesAfter(lines, news('sql', 'b'));
    lines = linesAfter(lines, news('graph', 'a'));
    expect(lines.map(({ subject, number, times }) => [subject, number, times])).toEqual([
      ['graph', 1, 2],
      ['sql', 2, 1],
    ]);
    lines = linesAfter(lines, news('graph', 'a', 'expiring'));
    lines = linesAfter(lines, news('graph', 'c', 'expiring'));
    expect(lines.map(({ number }) => number)).toEqual([4, 3, 1, 2]);
  });

  it('are sixty at most, of 600 characters and a mark', () => {
    let lines = linesAfter([], news('graph', '0'));
    for (let n = 1; n < 70; n++) lines = linesAfter(lines, news('graph', `${n}`));
    expect(lines).toHaveLength(60);
    expect(lines[0]).toMatchObject({ number: 70, text: '69' });
    expect(bounded(` ${'word '.repeat(500)}`).length).toBeLessThanOrEqual(601);
    expect(bounded('short ')).toBe('short');
  });
});
