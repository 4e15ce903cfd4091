import type { Observable } from 'rxjs';

import { BoundedMap } from '../common/bounded-map.js';
import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { Occasion } from '../common/occasion.js';
import type {
  ClientCredentialExpiryEvent,
  CredentialRecoveredEvent,
  CredentialTroubleEvent,
  LoginRefusedEvent,
  TokenEvent,
  TokenRefreshFailedEvent,
} from '../engine/token-event.js';
import { LogEntry } from './log-entry.js';

type CredentialEvent = CredentialTroubleEvent | ClientCredentialExpiryEvent | CredentialRecoveredEvent;

const shortestIntervalInMs = 60_000;
const mostOutages = 10_000;

/** Failures of one resource in a row. */
interface Outage {
  failures: number;
  loggedAt: number;
  /** Failures since then. */
  unlogged: number;
  /** Whether one of them was an error that an operator must repair: the first such is news. */
  needsRepair: boolean;
}

/**
 * Writes one readable line with fields for each event: what needs an operator as warning or error, the rest at debug
 * level. Failures of a resource in a row are written when they begin, once a minute at most while they last, and when
 * they end.
 */
export function logTokenEvents(events: Observable<TokenEvent>, logger: LineLogger<LogEntry>): void {
  const guarded = new GuardedLogger<LogEntry>(logger);
  const outages = new BoundedMap<string, Outage>(mostOutages);
  const refusals = new BoundedMap<string, Occasion>(mostOutages);
  events.subscribe((event) => {
    const write = (level: keyof LineLogger, line: string): void => guarded[level](new LogEntry(line, event));
    const forEvent: LineLogger = {
      debug: (line) => write('debug', line),
      log: (line) => write('log', line),
      warn: (line) => write('warn', line),
      error: (line) => write('error', line),
    };
    if (event.type === 'refresh-failed') logFailure(event, outages, forEvent);
    else if (event.type === 'login-refused') logRefusal(event, refusals, forEvent);
    else if (isOfCredential(event)) logCredential(event, forEvent);
    else logEvent(event, outages, forEvent);
  });
}

/** Writes the first of the refusals of a minute, and how many there were before. */
function logRefusal(event: LoginRefusedEvent, known: Map<string, Occasion>, logger: LineLogger): void {
  const refusals = known.get(event.resource) ?? new Occasion();
  known.set(event.resource, refusals);
  const count = refusals.note(event.at.getTime());
  if (count === undefined) return;
  refusals.end();
  const repeated = count === 1 ? '' : ` ${count - 1} more logins were refused before.`;
  logger.warn(`${event.error.message}${repeated}`);
}

function logFailure(event: TokenRefreshFailedEvent, outages: Map<string, Outage>, logger: LineLogger): void {
  const at = event.at.getTime();
  const outage = outages.get(event.resource) ?? {
    failures: 0,
    loggedAt: -Infinity,
    unlogged: 0,
    needsRepair: false,
  };
  outage.failures++;
  outages.set(event.resource, outage);
  const sinceInMs = Math.abs(at - outage.loggedAt);
  const isNews = !event.error.retryable && !outage.needsRepair;
  outage.needsRepair ||= isNews;
  if (sinceInMs < shortestIntervalInMs && !isNews) {
    outage.unlogged++;
    return;
  }
  const repeated = outage.unlogged === 0 ? '' : ` ${outage.unlogged} more attempts have failed before.`;
  const held =
    event.expiresAt === undefined ? '' : ` The held one serves until ${event.expiresAt.toISOString()}.`;
  const line = `${event.error.message}${repeated}${held} Next attempt at ${event.nextRefreshAt.toISOString()}.`;
  outage.loggedAt = at;
  outage.unlogged = 0;
  if (event.error.retryable) logger.warn(line);
  else logger.error(line);
}

function logRecovery(resource: string, outages: Map<string, Outage>, logger: LineLogger): void {
  const failures = outages.get(resource)?.failures ?? 0;
  outages.delete(resource);
  logger.log(`The access token of "${resource}" can be refreshed again, after ${failures} failed attempts.`);
}

function logEvent(
  event: Exclude<TokenEvent, TokenRefreshFailedEvent | LoginRefusedEvent | CredentialEvent>,
  outages: Map<string, Outage>,
  logger: LineLogger,
): void {
  const token = `access token of "${event.resource}"`;
  switch (event.type) {
    case 'acquired':
    case 'refreshed':
      return logger.debug(`The ${token} was ${event.type}; it expires at ${event.expiresAt.toISOString()}.`);
    case 'unchanged':
      return logger.debug(
        `The ${token} is still the same; next attempt at ${event.nextRefreshAt.toISOString()}.`,
      );
    case 'reauthentication-required': {
      const until = event.expiresAt?.toISOString();
      const held = until === undefined ? 'No token is held.' : `The held one serves until ${until}.`;
      return logger.error(`The ${token} cannot be replaced without a new sign-in. ${held} ${event.fix}`);
    }
    case 'expiring':
      return logger.error(
        `The ${token} expires at ${event.expiresAt.toISOString()} and could not be replaced so far.`,
      );
    case 'expired':
      return logger.error(
        `The ${token} expired at ${event.expiresAt.toISOString()} and could not be replaced.`,
      );
    case 'rejected':
      return logger.warn(
        `The ${token} was rejected by a server before its expiry; a new one is being fetched.`,
      );
    case 'recovered':
      return logRecovery(event.resource, outages, logger);
    case 'clock-skew':
      return logger.warn(describeSkew(event.clockAheadInMs));
  }
}

function isOfCredential(event: TokenEvent): event is CredentialEvent {
  return event.type.startsWith('credential-') || event.type === 'refresh-token-lost';
}

function logCredential(event: CredentialEvent, logger: LineLogger): void {
  switch (event.type) {
    case 'credential-degraded':
    case 'refresh-token-lost':
      return logger.error(`The credential of "${event.resource}": ${event.problem} ${event.fix}`);
    case 'credential-expiring':
      return logger.warn(`${event.problem} It is used for "${event.resource}". ${event.fix}`);
    case 'credential-expired':
      return logger.error(`${event.problem} It is used for "${event.resource}". ${event.fix}`);
    case 'credential-recovered':
      return logger.log(`The credential of "${event.resource}" works again.`);
  }
}

function describeSkew(clockAheadInMs: number): string {
  const seconds = Math.round(Math.abs(clockAheadInMs) / 1000);
  const side = clockAheadInMs > 0 ? 'ahead of' : 'behind';
  return `This machine's clock is ${seconds} s ${side} Entra's. Tokens are served as long as they live; set the clock.`;
}
