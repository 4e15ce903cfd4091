import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { TokenUnavailableError, type TokenEvent } from 'nestjs-entra-auth';
import type { UserTokenEvent } from 'nestjs-entra-auth/users';
import ts from 'typescript';

import type { LineLogger } from '../../lib/common/guarded-logger.js';
import { logTokenEvents } from '../../lib/nest/token-event.logger.js';
import { logUserTokenEvents } from '../../lib/users/user-token-event.log.js';

interface Row {
  type: string;
  properties: string[];
  level: string;
}

/** The rows of a table of events in the documentation, by the heading of its first column. */
function documented(heading: string): Row[] {
  const page = readFileSync('docs/operations.md', 'utf8');
  const [table = ''] = page.slice(page.indexOf(`| ${heading} `)).split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .filter((line) => line.startsWith('|'))
    .map((line) => {
      const [, type = '', , properties = '', level = ''] = line.split('|').map((cell) => cell.trim());
      const names = [...properties.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      return { type: type.replaceAll('`', ''), properties: names.sort(), level };
    });
}

/** The members of the union, as the source declares them; `given` is what the table has no word of. */
function declared(file: string, given: readonly string[]): Omit<Row, 'level'>[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const interfaces = source.statements.filter(ts.isInterfaceDeclaration);
  const propertiesOf = (one: ts.InterfaceDeclaration): ts.PropertySignature[] => {
    const names = one.heritageClauses?.flatMap(({ types }) => types.map((type) => type.getText())) ?? [];
    const bases = interfaces.filter(({ name }) => names.includes(name.text));
    return [...bases.flatMap(propertiesOf), ...one.members.filter(ts.isPropertySignature)];
  };
  return interfaces.flatMap((one) => {
    const properties = propertiesOf(one);
    const names = properties.map(({ name }) => name.getText()).filter((name) => !given.includes(name));
    const type = properties.find(({ name }) => name.getText() === 'type')?.type?.getText() ?? '';
    const types = [...type.matchAll(/'([\w-]+)'/g)].map(([, each = '']) => each);
    return types.map((each) => ({ type: each, properties: names.sort() }));
  });
}

/** Every event that there is; one that is missing does not compile. */
const samples: Readonly<Record<TokenEvent['type'], object>> = {
  acquired: { expiresAt: new Date(), nextRefreshAt: new Date(), durationInMs: 1 },
  refreshed: { expiresAt: new Date(), nextRefreshAt: new Date(), durationInMs: 1 },
  unchanged: { expiresAt: new Date(), nextRefreshAt: new Date(), durationInMs: 1 },
  'refresh-failed': {
    error: new TokenUnavailableError('graph', { problem: 'Lost.', fix: 'Look.', retryable: true }),
    consecutiveFailures: 1,
    nextRefreshAt: new Date(),
  },
  expiring: { expiresAt: new Date() },
  expired: { expiresAt: new Date() },
  rejected: { expiresAt: new Date() },
  recovered: { expiresAt: new Date() },
  'reauthentication-required': {
    error: new TokenUnavailableError('graph', { problem: 'Revoked.', fix: 'Sign in.', retryable: false }),
    problem: 'Revoked.',
    fix: 'Sign in.',
  },
  'login-refused': {
    error: new TokenUnavailableError('redis', { problem: 'Refused.', fix: 'Look.', retryable: true }),
  },
  'clock-skew': { clockAheadInMs: 60_000 },
  'credential-degraded': { problem: 'Disk full.', fix: 'Free it.' },
  'credential-recovered': {},
  'credential-expiring': { kind: 'certificate', expiresAt: new Date(), problem: 'Ends.', fix: 'Renew.' },
  'credential-expired': { kind: 'secret', problem: 'Ended.', fix: 'Renew.' },
  'refresh-token-lost': { problem: 'Disk full.', fix: 'Free it.' },
};

const error = new TokenUnavailableError('graph', { problem: 'Lost.', fix: 'Look.', retryable: true });
const request = { resource: 'graph', grant: 'sign-in', userKey: 'key' };

/** Every event of users' tokens; one that is missing does not compile. */
const userSamples: Readonly<Record<UserTokenEvent['type'], object>> = {
  'user-token-failed': { ...request, error },
  'user-tokens-recovered': { failures: 1 },
  'user-interaction-required': { ...request, code: 'ENTRA_USER_INTERACTION_REQUIRED', challenge: '' },
  'user-assertion-refused': { ...request, code: 'ENTRA_ASSERTION_INVALID', challenge: 'invalid_token' },
  'user-refresh-token-unsaved': { userKey: 'key', error },
  'user-refresh-token-lost': { userKey: 'key', error },
};

/** The level at which the last of some events is logged, each of which has a line. */
function levelOf(log: (logger: LineLogger<unknown>) => number): string {
  const levels: string[] = [];
  const note = (level: string) => () => void levels.push(level);
  const events = log({ debug: note('debug'), log: note('log'), warn: note('warn'), error: note('error') });
  return levels.length === events ? levels.at(-1)! : levels.join();
}

const byType = (a: { type: string }, b: { type: string }): number => a.type.localeCompare(b.type);
const withoutLevel = ({ type, properties }: Row): Omit<Row, 'level'> => ({ type, properties });

describe('the table of events in docs/operations.md', () => {
  it('has a row for each event, with its properties', () => {
    const rows = documented('event').map(withoutLevel);
    const declarations = declared('lib/engine/token-event.ts', ['type', 'resource', 'at']);
    expect(rows.sort(byType)).toEqual(declarations.sort(byType));
    expect(rows).toHaveLength(Object.keys(samples).length);
  });

  it.each(Object.entries(samples))('names the level that "%s" is logged at', (type, sample) => {
    const events = new Subject<TokenEvent>();
    const level = levelOf((logger) => {
      logTokenEvents(events, logger);
      events.next({ type, resource: 'graph', at: new Date(), ...sample } as TokenEvent);
      return 1;
    });
    const row = documented('event').find((one) => one.type === type);
    expect(row?.level.split(',')[0]).toBe(level);
  });
});

describe("the table of the events of users' tokens in docs/operations.md", () => {
  it('has a row for each event, with its properties', () => {
    const rows = documented('event of a user').map(withoutLevel);
    const declarations = declared('lib/users/user-token-event.ts', ['type', 'at']);
    expect(rows.sort(byType)).toEqual(declarations.sort(byType));
    expect(rows).toHaveLength(Object.keys(userSamples).length);
  });

  it.each(Object.entries(userSamples))('names the level that "%s" is logged at', (type, sample) => {
    const events = new Subject<UserTokenEvent>();
    // The end of failures has a line where they had.
    const before = type === 'user-tokens-recovered' ? (['user-token-failed'] as const) : [];
    const level = levelOf((logger) => {
      logUserTokenEvents(events, logger);
      for (const each of before)
        events.next({ type: each, at: new Date(), ...userSamples[each] } as UserTokenEvent);
      events.next({ type, at: new Date(), ...sample } as UserTokenEvent);
      return before.length + 1;
    });
    const row = documented('event of a user').find((one) => one.type === type);
    expect(row?.level.split(',')[0]).toBe(level);
  });
});
