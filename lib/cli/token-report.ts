import { createHash } from 'node:crypto';

import type { TokenResponse } from '../refresh-token/token-response.js';

const secretMembers = ['accessToken', 'refreshToken', 'idToken'] as const;

/** Every parameter of a response by its name; what was not sent is `null`. */
export function reportOf(response: TokenResponse, showTokens: boolean): Record<string, unknown> {
  const show = (secret: string | undefined): string | null =>
    secret === undefined ? null : showTokens ? secret : shortened(secret);
  const [accessToken, refreshToken, idToken] = secretMembers.map((member) => show(response[member]));
  const additional = Object.entries(response.additional).map(([name, value]) => [
    name,
    showTokens ? value : shortened(typeof value === 'string' ? value : JSON.stringify(value)),
  ]);
  return {
    tokenType: response.tokenType,
    expiresIn: response.expiresIn,
    extExpiresIn: response.extExpiresIn ?? null,
    accessToken,
    scope: response.scope ?? null,
    refreshToken,
    idToken,
    notBefore: response.notBefore ?? null,
    expiresOn: response.expiresOn,
    resource: response.resource ?? null,
    refreshIn: response.refreshIn ?? null,
    ...(additional.length === 0 ? {} : { additional: Object.fromEntries(additional) as object }),
  };
}

const units: Record<string, (value: number) => string> = {
  expiresIn: (seconds) => `${seconds} s`,
  extExpiresIn: (seconds) => `${seconds} s`,
  refreshIn: (seconds) => `${seconds} s`,
  notBefore: asTime,
  expiresOn: asTime,
};

/** The report as lines of a table. */
export function tableOf(report: Record<string, unknown>): string {
  const width = Math.max(...Object.keys(report).map((name) => name.length));
  return Object.entries(report)
    .map(([name, value]) => `${name.padEnd(width)}  ${cell(name, value)}\n`)
    .join('');
}

function cell(name: string, value: unknown): string {
  if (value === null) return '(not sent)';
  if (typeof value === 'number') return units[name]?.(value) ?? String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asTime(secondsSince1970: number): string {
  const time = new Date(secondsSince1970 * 1000);
  return Number.isNaN(time.getTime())
    ? String(secondsSince1970)
    : `${secondsSince1970} (${time.toISOString()})`;
}

const shownCharacters = 4;
// Of a short text, the first characters would be too much of it.
const shortestWithBeginning = 64;

/** A secret as it may be shown: enough to tell two apart, and nothing that could be used. */
export function shortened(secret: string): string {
  const digest = createHash('sha256').update(secret).digest('hex').slice(0, 8);
  const beginning = secret.length < shortestWithBeginning ? '' : secret.slice(0, shownCharacters);
  return `${beginning}… (${secret.length} characters, sha256 ${digest}…)`;
}
