import { describe, expect, it } from '@jest/globals';
import type { LoginEvent, TokenEvent } from 'nestjs-entra-auth';

import { DashboardHistory, mostResources } from '../../../lib/dashboard/dashboard-history.js';
import { TokenUnavailableError } from '../../../lib/engine/token-unavailable.error.js';
import type { TokenState } from '../../../lib/engine/token-state.js';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): Date => new Date(start + seconds * 1_000);
const iso = (seconds: number): string => at(seconds).toISOString();

const obtained = (type: 'acquired' | 'refreshed', seconds: number, life = 60): TokenEvent => ({
  type,
  resource: 'postgres',
  at: at(seconds),
  expiresAt: at(seconds + life),
  nextRefreshAt: at(seconds + life / 2),
});

const failure = (
  seconds: number,
  resource = 'postgres',
  problem = 'The endpoint is unwell.',
): TokenEvent => ({
  type: 'refresh-failed',
  resource,
  at: at(seconds),
  error: new TokenUnavailableError(resource, { problem, fix: 'Wait.', retryable: true }),
  consecutiveFailures: 1,
  nextRefreshAt: at(seconds + 1),
});

const login = (seconds: number, outcome: LoginEvent['outcome'] = 'accepted'): LoginEvent => ({
  dataSource: 'default',
  resource: 'postgres',
  role: 'app',
  host: 'localhost',
  at: at(seconds),
  durationInMs: 10,
  outcome,
  ...(outcome === 'accepted' ? {} : { error: new Error('password authentication failed') }),
});

const held = (seconds: number, resource = 'postgres', life = 60): TokenState => ({
  resource,
  configured: true,
  state: 'fresh',
  acquiredAt: at(seconds),
  expiresAt: at(seconds + life),
  refreshes: 1,
  failures: 0,
  consecutiveFailures: 0,
});

const pending: TokenState = {
  resource: 'postgres',
  configured: true,
  state: 'pending',
  refreshes: 0,
  failures: 0,
  consecutiveFailures: 0,
};

function after(...events: TokenEvent[]): DashboardHistory {
  const history = new DashboardHistory();
  for (const event of events) history.recordToken(event);
  return history;
}

describe('the lives of tokens', () => {
  it('run from issue to expiry, and note when the next token took over', () => {
    const history = after(obtained('acquired', 0), obtained('refreshed', 30));
    expect(history.track(held(30)).lives).toEqual([
      { number: 1, from: iso(0), until: iso(60), replacedAt: iso(30) },
      { number: 2, from: iso(30), until: iso(90) },
    ]);
  });

  it('end by themselves when nothing took over in time', () => {
    const history = after(obtained('acquired', 0), obtained('refreshed', 70));
    expect(history.track(held(70)).lives[0]).toEqual({ number: 1, from: iso(0), until: iso(60) });
  });

  it('include the token that was there before anything was recorded', () => {
    expect(after().track(held(0))).toEqual({
      lives: [{ number: 1, from: iso(0), until: iso(60) }],
      attempts: [{ at: iso(0), outcome: 'obtained' }],
    });
  });

  it('keep their numbers when the state names a token that was missed', () => {
    const history = after(obtained('acquired', 0), obtained('refreshed', 30));
    const { lives } = history.track({ ...held(60), refreshes: 2 });
    expect(lives.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(after().track({ ...held(60), refreshes: 7 }).lives[0]?.number).toBe(7);
  });

  it('count a token once, whether an event or the state tells of it', () => {
    const history = after(obtained('acquired', 0));
    history.track(held(0));
    expect(history.track(held(0)).lives).toHaveLength(1);
  });

  it('are empty without a token', () => {
    expect(after().track(pending)).toEqual({ lives: [], attempts: [] });
  });

  it('keep their numbers when the oldest are forgotten', () => {
    const history = new DashboardHistory();
    for (let n = 0; n < 100; n++) history.recordToken(obtained('refreshed', n * 30));
    const { lives, attempts } = history.track(pending);
    expect(lives).toHaveLength(24);
    expect(lives.at(-1)?.number).toBe(100);
    expect(attempts).toHaveLength(60);
  });
});

describe('the attempts', () => {
  it('show what came of each', () => {
    const same: TokenEvent = { ...obtained('refreshed', 20), type: 'unchanged' } as TokenEvent;
    const rejected: TokenEvent = { type: 'rejected', resource: 'postgres', at: at(40), expiresAt: at(60) };
    const history = after(obtained('acquired', 0), same, failure(30), rejected);
    expect(history.track(held(0)).attempts).toEqual([
      { at: iso(0), outcome: 'obtained' },
      { at: iso(20), outcome: 'unchanged' },
      { at: iso(30), outcome: 'failed' },
      { at: iso(40), outcome: 'rejected' },
    ]);
  });

  it('are kept for so many resources at most', () => {
    const history = new DashboardHistory();
    for (let n = 0; n <= mostResources; n++) history.recordToken(failure(n, `resource-${n}`));
    expect(history.track({ ...pending, resource: 'resource-0' }).attempts).toEqual([]);
    expect(history.track({ ...pending, resource: `resource-${mostResources}` }).attempts).toHaveLength(1);
  });
});

describe('the lines of events', () => {
  it('begin with the newest', () => {
    const { lines } = after(obtained('acquired', 0), obtained('refreshed', 30));
    expect(lines.map(({ type, at: when, number }) => [type, when, number])).toEqual([
      ['refreshed', iso(30), 2],
      ['acquired', iso(0), 1],
    ]);
  });

  it('count what repeats itself, also between events of other resources', () => {
    const { lines } = after(failure(0), failure(1, 'graph'), failure(2), failure(3, 'graph'));
    expect(lines.map(({ subject, times, at: when }) => [subject, times, when])).toEqual([
      ['graph', 2, iso(3)],
      ['postgres', 2, iso(2)],
    ]);
  });

  it('keep apart what has another reason', () => {
    expect(after(failure(0), failure(1, 'postgres', 'The secret has expired.')).lines).toHaveLength(2);
  });

  it('tell of logins that fail, and only count the others', () => {
    const history = new DashboardHistory();
    history.recordLogin(login(0));
    history.recordLogin(login(1, 'refused'));
    expect(history.lines).toEqual([
      expect.objectContaining({
        type: 'login-refused',
        subject: 'default',
        severity: 'error',
        text: '"app" could not log in to localhost. password authentication failed',
      }),
    ]);
  });

  it('do not repeat what the resource is', () => {
    expect(after(failure(0)).lines[0]?.text).toBe('The endpoint is unwell. Wait.');
  });

  it('are bounded in number and length', () => {
    const history = new DashboardHistory();
    for (let n = 0; n < 500; n++)
      history.recordToken(failure(n, 'postgres', `${n} ${'x'.repeat(90)} `.repeat(100)));
    expect(history.lines).toHaveLength(60);
    for (const { text } of history.lines) expect(text.length).toBeLessThanOrEqual(603);
  });

  it('show no token, wherever it comes from', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl';
    const history = after(failure(0, 'postgres', `The proxy answered with ${token}.`));
    history.recordLogin({ ...login(0, 'failed'), error: new Error(`no password ${token}`) });
    expect(JSON.stringify(history.lines)).not.toContain('eyJhbGci');
    expect(history.lines[1]?.text).toContain('[redacted token]');
  });
});

describe('the logins', () => {
  it('are counted by the second in which they end', () => {
    const history = new DashboardHistory();
    for (const one of [login(1), login(1), login(1.995), login(2, 'failed')]) history.recordLogin(one);
    expect(history.logins(at(3))).toEqual({
      accepted: 3,
      refused: 0,
      failed: 1,
      seconds: [
        { at: iso(1), accepted: 2, others: 0 },
        { at: iso(2), accepted: 1, others: 1 },
      ],
    });
  });

  it('are counted for ever, and shown for two minutes', () => {
    const history = new DashboardHistory();
    for (let n = 0; n < 300; n++) history.recordLogin(login(n));
    const { accepted, seconds } = history.logins(at(300));
    expect(accepted).toBe(300);
    expect(seconds[0]?.at).toBe(iso(180));
    expect(history.logins(at(1_000)).seconds).toEqual([]);
  });

  it('survive a clock that is set back', () => {
    const history = new DashboardHistory();
    history.recordLogin(login(100));
    history.recordLogin(login(50));
    expect(history.logins(at(51)).seconds).toEqual([{ at: iso(50), accepted: 1, others: 0 }]);
  });
});
