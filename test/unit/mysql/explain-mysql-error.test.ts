import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, InsecureConnectionError } from 'nestjs-entra-auth';

import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';
import { explainMySqlError } from '../../../lib/mysql/explain-mysql-error.js';
import type { ResolvedMySqlDataSource } from '../../../lib/mysql/resolve-mysql-data-source.js';
import { resolveDataSources } from '../../../lib/options/databases.js';
import { jwt } from '../../support/tokens.js';

const now = 1_000_000;
const dataSource = resolveDataSources({
  type: 'mysql',
  host: 'db.example',
  username: 'my-app',
  database: 'notes',
}).get('default') as ResolvedMySqlDataSource;

const tokenOf = (claims: object): HeldAccessToken =>
  new HeldAccessToken({
    token: jwt({ exp: 4_600, ...claims }),
    expiresOnTimestamp: 4_600_000,
    acquiredAt: now,
  });

const application = tokenOf({ idtyp: 'app', appid: 'the-client-id', oid: 'the-object-id' });

const serverError = (sqlState: string, sqlMessage: string, code = 'ER_ACCESS_DENIED_ERROR'): Error =>
  Object.assign(new Error(sqlMessage), { code, errno: 1045, sqlState, sqlMessage });
const driverError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const explain = (error: Error, token?: HeldAccessToken): Error =>
  explainMySqlError(error, token, dataSource, now);

describe('the error of a login to MySQL', () => {
  it('hides the token, even if the server repeats it', () => {
    const error = explain(serverError('28000', `No: "${application.token}".`), application);
    expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(application.token);
    expect(error.message).toContain('[redacted token]');
  });

  it.each<[string, HeldAccessToken | undefined, RegExp]>([
    ['of an application', application, /CREATE AADUSER 'my-app' IDENTIFIED BY 'the-client-id';$/],
    ['of its own user', tokenOf({ upn: 'my-app', scp: 'x' }), /CREATE AADUSER 'my-app';$/],
    [
      'of a person',
      tokenOf({ upn: 'ada@example.com', scp: 'user_impersonation' }),
      /leave "username" out: the user is then found in the token: "ada@example.com"/,
    ],
    ['that the server did not ask for', undefined, /did not ask for a token.*CREATE AADUSER 'my-app';$/],
  ])('names the remedy for a token %s', (_, token, fix) => {
    expect(explain(serverError('28000', 'Access denied'), token)).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      fix: expect.stringMatching(fix),
    });
  });

  it('is a refusal where the user logs in by another plug-in', () => {
    const problem = 'Server requests authentication using unknown plugin dialog.';
    expect(explain(driverError('AUTH_SWITCH_PLUGIN_ERROR', problem))).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      sqlState: undefined,
    });
  });

  it.each([
    ['HANDSHAKE_NO_SSL_SUPPORT', 'Server does not support secure connection'],
    ['HANDSHAKE_SSL_ERROR', 'self-signed certificate'],
  ])('is about the server that is not verified: %s', (code, message) => {
    expect(explain(driverError(code, message))).toBeInstanceOf(InsecureConnectionError);
  });

  it.each([
    [
      'HANDSHAKE_SSL_ERROR',
      'Client network socket disconnected before secure TLS connection was established',
    ],
    ['HANDSHAKE_SSL_ERROR', 'read ECONNRESET'],
    ['PROTOCOL_CONNECTION_LOST', 'Connection lost: The server closed the connection.'],
  ])('is about the network, and may pass: %s "%s"', (code, message) => {
    expect(explain(driverError(code, message))).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      retryable: true,
    });
  });

  it('passes unchanged when it is about something else', () => {
    for (const error of [
      serverError('42000', 'Unknown database', 'ER_BAD_DB_ERROR'),
      serverError('08004', 'Too many connections', 'ER_CON_COUNT_ERROR'),
      new Error('Pool is closed.'),
    ])
      expect(explain(error, application)).toBe(error);
  });
});
