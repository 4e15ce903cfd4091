import { describe, expect, it } from '@jest/globals';

import { reportOf, tableOf } from '../../../lib/cli/token-report.js';
import { TokenResponse } from '../../../lib/refresh-token/token-response.js';

const receivedOnTimestamp = Date.UTC(2026, 10, 20, 12);
const accessToken = `eyJ${'a'.repeat(1_000)}`;
const refreshToken = `1.AX${'r'.repeat(1_000)}`;

function response(members: Partial<ConstructorParameters<typeof TokenResponse>[0]> = {}): TokenResponse {
  return new TokenResponse({
    accessToken,
    refreshToken: undefined,
    idToken: undefined,
    scope: undefined,
    resource: undefined,
    expiresIn: 3600,
    extExpiresIn: undefined,
    refreshIn: undefined,
    notBefore: undefined,
    expiresOn: undefined,
    additional: {},
    receivedOnTimestamp,
    ...members,
  });
}

describe('the report of a response', () => {
  const names = [
    'tokenType',
    'expiresIn',
    'extExpiresIn',
    'accessToken',
    'scope',
    'refreshToken',
    'idToken',
    'notBefore',
    'expiresOn',
    'resource',
    'refreshIn',
  ];

  it('has every parameter, with null for what was not sent', () => {
    const report = reportOf(response(), true);

    expect(Object.keys(report)).toEqual(names);
    expect(report).toMatchObject({ accessToken, scope: null, refreshToken: null, notBefore: null });
  });

  it('shortens the tokens, and what it does not know, unless they are asked for', () => {
    const whole = response({ refreshToken, idToken: accessToken, additional: { foci: '1', more: { n: 1 } } });
    const hidden = JSON.stringify(reportOf(whole, false));
    const shown = JSON.stringify(reportOf(whole, true));

    expect(hidden).not.toMatch(/a{9}|r{9}|"n"/);
    expect(hidden).toContain('"foci":"… (1 characters');
    expect(shown).toContain(refreshToken);
    expect(shown).toContain('"additional":{"foci":"1","more":{"n":1}}');
  });

  it('reads well as a table', () => {
    const table = tableOf(
      reportOf(response({ refreshToken, extExpiresIn: 7200, scope: 'User.Read' }), false),
    );

    expect(table.trimEnd().split('\n')).toHaveLength(names.length);
    expect(table).toContain('tokenType     Bearer\n');
    expect(table).toContain('expiresIn     3600 s\n');
    expect(table).toContain('expiresOn     1795179600 (2026-11-20T13:00:00.000Z)');
    expect(table).toContain('resource      (not sent)\n');
  });
});
