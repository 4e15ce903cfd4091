import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { TokenUnavailableError, type TokenEvent } from 'nestjs-entra-auth';
import ts from 'typescript';

import { logTokenEvents } from '../../lib/nest/token-event.logger.js';

interface Row {
  type: string;
  properties: string[];
  level: string;
}

/** The rows of the table of events in the documentation. */
function documented(): Row[] {
  const page = readFileSync('docs/operations.md', 'utf8');
  const table = page.slice(page.indexOf('| event '), page.indexOf('Failures of a resource in a row'));
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

const base = ['type', 'resource', 'at'];

/** The members of the union, as the source declares them. */
function declared(): Omit<Row, 'level'>[] {
  const file = 'lib/engine/token-event.ts';
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => {
    const properties = members.filter(ts.isPropertySignature);
    const names = properties.map(({ name }) => name.getText()).filter((name) => !base.includes(name));
    const type = properties.find(({ name }) => name.getText() === 'type')?.type?.getText() ?? '';
    const types = [...type.matchAll(/'([\w-]+)'/g)].map(([, one = '']) => one);
    return types.map((one) => ({ type: one, properties: names.sort() }));
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

function levelOf(type: string): string {
  const events = new Subject<TokenEvent>();
  const levels: string[] = [];
  const note = (level: string) => () => void levels.push(level);
  logTokenEvents(events, {
    debug: note('debug'),
    log: note('log'),
    warn: note('warn'),
    error: note('error'),
  });
  events.next({
    type,
    resource: 'graph',
    at: new Date(),
    ...samples[type as TokenEvent['type']],
  } as TokenEvent);
  return levels.join();
}

describe('the table of events in docs/operations.md', () => {
  it('has a row for each event, with its properties', () => {
    const byType = (a: { type: string }, b: { type: string }): number => a.type.localeCompare(b.type);
    const rows = documented().map(({ type, properties }) => ({ type, properties }));
    expect(rows.sort(byType)).toEqual(declared().sort(byType));
    expect(rows).toHaveLength(Object.keys(samples).length);
  });

  it.each(Object.keys(samples))('names the level that "%s" is logged at', (type) => {
    const row = documented().find((one) => one.type === type);
    expect(row?.level.split(',')[0]).toBe(levelOf(type));
  });
});
