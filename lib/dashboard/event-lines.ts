import { redact } from '../common/redaction.js';
import { shortened } from '../common/thrown.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { LoginEvent } from '../database/login-event.js';
import type { EventLine } from './dashboard-state.js';

const mostLines = 60;
const longestText = 600;

type News = Omit<EventLine, 'number' | 'times'>;

/** The lines after something happened, the newest first. What repeats the last line of its subject is counted there. */
export function linesAfter(lines: readonly EventLine[], news: News): EventLine[] {
  const last = lines.find(({ subject }) => subject === news.subject);
  if (last !== undefined && last.type === news.type && last.text === news.text) {
    const others = lines.filter((line) => line !== last);
    return [{ ...last, at: news.at, times: last.times + 1 }, ...others];
  }
  const number = lines.reduce((most, line) => Math.max(most, line.number), 0) + 1;
  return [{ ...news, number, times: 1 }, ...lines].slice(0, mostLines);
}

/** What to tell of a token event. */
export function newsOfToken(event: TokenEvent): News {
  const { type, resource } = event;
  return {
    at: event.at.toISOString(),
    type,
    subject: bounded(resource),
    severity: severityOf(event),
    text: bounded(textOf(event)),
  };
}

/** What to tell of a login; nothing of one that succeeded, since these are counted. */
export function newsOfLogin({
  outcome,
  at,
  durationInMs,
  dataSource,
  role,
  host,
  error,
}: LoginEvent): News | undefined {
  if (outcome === 'accepted') return undefined;
  return {
    at: new Date(at.getTime() + durationInMs).toISOString(),
    type: `login-${outcome}`,
    subject: bounded(dataSource),
    severity: 'error',
    text: bounded(`"${role}" could not log in to ${host}. ${reasonOf(error?.message ?? '')}`),
  };
}

/** What every failure to get a token begins with; the page names the resource elsewhere. */
const common = /^No access token could be obtained for the resource "[^"]*": /;

/** The reason of a failure, without secrets and without what the page shows already. */
export function reasonOf(message: string): string {
  return bounded(message.replace(common, ''));
}

/** Foreign text without secrets, cut to a length that a page can show. */
export function bounded(text: string): string {
  return shortened(redact(text).trim(), longestText);
}

function severityOf(event: TokenEvent): EventLine['severity'] {
  switch (event.type) {
    case 'acquired':
    case 'refreshed':
    case 'unchanged':
    case 'recovered':
    case 'credential-recovered':
      return 'info';
    case 'refresh-failed':
      return event.error.retryable ? 'warning' : 'error';
    case 'rejected':
    case 'login-refused':
    case 'credential-expiring':
    case 'clock-skew':
      return 'warning';
    case 'expiring':
    case 'expired':
    case 'reauthentication-required':
    case 'credential-degraded':
    case 'credential-expired':
    case 'refresh-token-lost':
      return 'error';
  }
}

function textOf(event: TokenEvent): string {
  switch (event.type) {
    case 'acquired':
    case 'refreshed':
      return `A new token, valid for ${seconds(event.expiresAt, event.at)} s.`;
    case 'unchanged':
      return 'The credential returned the held token again.';
    case 'refresh-failed':
      return reasonOf(event.error.message);
    case 'login-refused':
      return event.error.message;
    case 'rejected':
      return 'A server rejected the held token; a new one is being fetched.';
    case 'recovered':
      return 'The token can be refreshed again.';
    case 'expiring':
      return 'The held token is near its end and could not be replaced so far.';
    case 'expired':
      return 'The held token expired and could not be replaced.';
    case 'clock-skew':
      return `The clock of this machine is wrong by ${Math.round(event.clockAheadInMs / 1_000)} s.`;
    case 'credential-recovered':
      return 'The credential works again.';
    case 'reauthentication-required':
    case 'credential-degraded':
    case 'credential-expiring':
    case 'credential-expired':
    case 'refresh-token-lost':
      return `${event.problem} ${event.fix}`;
  }
}

function seconds(until: Date, from: Date): number {
  return Math.round((until.getTime() - from.getTime()) / 1_000);
}
