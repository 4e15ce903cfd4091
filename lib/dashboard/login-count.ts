import type { LoginEvent } from '../database/login-event.js';
import type { LoginsView } from './dashboard-state.js';

const shownInMs = 120_000;
const mostSeconds = 120;

export const noLogins: LoginsView = { accepted: 0, refused: 0, failed: 0, seconds: [] };

/** The counts after a login, which counts for the second in which it ended. */
export function loginsAfter(before: LoginsView, { at, durationInMs, outcome }: LoginEvent): LoginsView {
  const endedAt = at.getTime() + durationInMs;
  const second = new Date(endedAt - (endedAt % 1_000)).toISOString();
  const known = before.seconds.find((one) => one.at === second) ?? { at: second, accepted: 0, others: 0 };
  const counted =
    outcome === 'accepted'
      ? { ...known, accepted: known.accepted + 1 }
      : { ...known, others: known.others + 1 };
  // Seconds that are later were counted before the clock was set back.
  const earlier = before.seconds.filter((one) => one.at < second);
  return { ...before, [outcome]: before[outcome] + 1, seconds: [...earlier, counted].slice(-mostSeconds) };
}

/** The counts without the seconds that are no longer shown. */
export function recentLogins(logins: LoginsView, now: Date): LoginsView {
  const from = new Date(now.getTime() - shownInMs).toISOString();
  return { ...logins, seconds: logins.seconds.filter(({ at }) => at >= from) };
}
