import type { Timestamp } from '../../common/clock.js';
import { readClaims } from '../../entra/json-web-token.js';

// A larger number is in milliseconds: as seconds it would be a date after the year 5000.
const mostSeconds = 1e11;
// A stated end within this time was misread, unless the token itself ends then.
const atOnceInMs = 5_000;

/** The times of a response with a token. */
export interface TokenTimes {
  expiresOnTimestamp: Timestamp;
  refreshAfterTimestamp?: Timestamp;
}

/**
 * Reads when a token expires and when it should be refreshed. Endpoints write the end as a number or as digits, in ISO 8601
 * or as a local date such as "11/28/2026 7:44:43 PM +00:00"; some send only the seconds that are left.
 *
 * @returns `undefined` when neither the response nor the token states the end
 */
export function readTokenTimes(
  body: Record<string, unknown>,
  token: string,
  now: number,
): TokenTimes | undefined {
  const exp = readClaims(token)?.exp;
  const issuerEnd = typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
  const left = secondsIn(body['expires_in']);
  const stated = readTime(body['expires_on']) ?? (left === undefined ? undefined : now + left * 1000);
  const wrong = stated === undefined || (stated <= now + atOnceInMs && (issuerEnd ?? 0) > stated);
  const end = wrong ? issuerEnd : stated;
  if (end === undefined) return undefined;
  const refreshIn = secondsIn(body['refresh_in']);
  const refreshOn =
    readTime(body['refresh_on']) ?? (refreshIn === undefined ? undefined : now + refreshIn * 1000);
  return {
    expiresOnTimestamp: end,
    refreshAfterTimestamp: refreshOn,
  };
}

/** Reads a point in time in any of the forms that endpoints write. */
export function readTime(value: unknown): number | undefined {
  const seconds = secondsIn(value);
  if (seconds !== undefined) return seconds > mostSeconds ? seconds : seconds * 1000;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const text = value.trim();
  return readLocalDate(text) ?? readIsoDate(text);
}

function secondsIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? value : undefined;
  return typeof value === 'string' && /^\s*\d{1,16}(?:\.\d{1,9})?\s*$/.test(value)
    ? Number(value)
    : undefined;
}

function readIsoDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[T ]/.test(text)) return undefined;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : time;
}

const localDate =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?: ([AP])M)?(?: ([+-])(\d\d):(\d\d))?$/i;

/** Month first, as in the culture of the United States, unless that cannot be. */
function readLocalDate(text: string): number | undefined {
  const match = localDate.exec(text);
  if (match === null) return undefined;
  const [first = 0, second = 0, year = 0, hour = 0, minute = 0, sec = 0] = match.slice(1, 7).map(Number);
  const [month, day] = first > 12 ? [second, first] : [first, second];
  const half = match[7]?.toUpperCase();
  const hours = half === undefined ? hour : (hour % 12) + (half === 'P' ? 12 : 0);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23) return undefined;
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -1 : 1);
  return Date.UTC(year, month - 1, day, hours, minute - offset, sec);
}
