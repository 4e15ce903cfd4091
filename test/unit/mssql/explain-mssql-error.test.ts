import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, EntraTimeoutError, InsecureConnectionError } from 'nestjs-entra-auth';

import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';
import { explainMsSqlError, mayBeToken } from '../../../lib/mssql/explain-mssql-error.js';
import type { LoginStage, ServerError } from '../../../lib/mssql/mssql-attempt.js';
import type { ResolvedMsSqlDataSource } from '../../../lib/mssql/resolve-mssql-data-source.js';
import { resolveDataSources } from '../../../lib/options/databases.js';
import { jwt } from '../../support/tokens.js';

const now = 1_000_000;
const dataSource = resolveDataSources({
  type: 'mssql',
  host: 'db.example',
  database: 'notes',
}).get('default') as ResolvedMsSqlDataSource;

const tokenOf = (claims: object): HeldAccessToken =>
  new HeldAccessToken({
    token: jwt({ exp: 4_600, ...claims }),
    expiresOnTimestamp: 4_600_000,
    acquiredAt: now,
  });

const application = tokenOf({ idtyp: 'app', appid: 'the-client-id', oid: 'the-object-id' });
const loginFailed = "Login failed for user '<token-identified principal>'.";

interface Given {
  token?: HeldAccessToken;
  stage?: LoginStage;
  errors?: ServerError[];
  failure?: Error;
  error?: Error;
}

const ofDriver = (message: string, code: string): Error => Object.assign(new Error(message), { code });

function explain({ token, stage = 'connecting', errors = [], failure, error }: Given): Error {
  const thrown = error ?? ofDriver('Login failed.', 'ELOGIN');
  return explainMsSqlError(thrown, { token, stage, errors, failure }, dataSource, now);
}

const refused = (number: number, message: string, token = application): Error =>
  explain({ token, stage: 'verified', errors: [{ number, state: 1, message }] });

describe('the error of a login to Azure SQL', () => {
  it('hides the token, even if the server repeats it', () => {
    const error = refused(18456, `No: "${application.token}".`);
    expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(application.token);
    expect(error.message).toContain('[redacted token]');
  });

  it.each<[string, HeldAccessToken, RegExp]>([
    [
      'of an application',
      application,
      /CREATE USER \[<display name of the application>\] FROM EXTERNAL PROVIDER;/,
    ],
    [
      'of a user-assigned identity',
      tokenOf({
        idtyp: 'app',
        xms_mirid:
          '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my]app',
      }),
      /CREATE USER \[my\]\]app\] FROM EXTERNAL PROVIDER; .* ALTER ROLE db_datareader ADD MEMBER \[my\]\]app\];$/,
    ],
    [
      'of a person',
      tokenOf({ upn: 'ada@example.com', scp: 'x' }),
      /CREATE USER \[ada@example.com\] FROM EXTERNAL/,
    ],
    [
      'of a guest',
      tokenOf({ upn: 'ada@home.example', scp: 'x', idp: 'live.com', iss: 'sts' }),
      /CREATE USER \[ada_home\.example#EXT#@<tenant>\.onmicrosoft\.com\] FROM EXTERNAL PROVIDER;$/,
    ],
  ])('names the remedy for a token %s', (_, token, fix) => {
    expect(refused(18456, loginFailed, token)).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      errorNumber: 18456,
      role: undefined,
      fix: expect.stringMatching(fix),
    });
  });

  it.each<[number, string, RegExp, boolean]>([
    [18456, `${loginFailed} Token is expired.`, /correct that clock/, true],
    [
      18456,
      `${loginFailed} The server is not currently configured to accept this token.`,
      /administrator/,
      true,
    ],
    [18470, 'The account is disabled.', /CREATE USER/, false],
    [40615, 'Client with IP address is not allowed.', /firewall rules/, false],
    [40914, 'Client is not allowed.', /virtual network rules/, false],
    [47073, 'The public network interface is not accessible.', /private endpoint/, false],
    [40532, 'Cannot open server.', /Check the host name/, false],
    [4060, 'Cannot open database "notes".', /"notes" exists.*CREATE USER/, false],
  ])('tells what to do about %i: %s', (number, message, fix, another) => {
    const error = refused(number, message);
    expect(error).toMatchObject({ errorNumber: number, fix: expect.stringMatching(fix), cause: { number } });
    expect(error.message).toContain(`(error ${number}: ${message})`);
    expect(mayBeToken(error)).toBe(another);
  });

  it('goes by the reason that comes before "Login failed"', () => {
    const errors = [
      { number: 4060, state: 1, message: 'Cannot open database "notes" requested by the login.' },
      { number: 18456, state: 1, message: loginFailed },
    ];
    expect(explain({ token: application, stage: 'verified', errors })).toMatchObject({ errorNumber: 4060 });
  });

  it.each([40613, 40197, 40501, 10929, 49920])('may pass when the server is busy: %i', (number) => {
    const error = refused(number, 'Not currently available.');
    expect(error).toMatchObject({ code: 'ENTRA_DATABASE_UNREACHABLE', retryable: true, cause: { number } });
    expect(mayBeToken(error)).toBe(false);
  });

  it.each([
    ['ESOCKET', 'Failed to connect to db.example:1433 - self-signed certificate'],
    ['EENCRYPT', 'Server did not negotiate encryption'],
  ])('is about the server that is not verified: %s', (code, message) => {
    const error = explain({ stage: 'connected', error: ofDriver(message, code) });
    expect(error).toBeInstanceOf(InsecureConnectionError);
    expect(error.message).toContain('No token was sent.');
  });

  it.each<[LoginStage, string, string]>([
    ['connected', 'ESOCKET', 'Failed to connect to db.example:1433 - Client network socket disconnected'],
    ['connected', 'ESOCKET', 'Connection lost - socket hang up'],
    ['connecting', 'ESOCKET', 'Failed to connect to db.example:1433 - connect ECONNREFUSED 127.0.0.1:1'],
    ['verified', 'ESOCKET', 'Connection lost - write EPIPE'],
    ['connected', 'ETIMEOUT', 'Failed to connect to db.example:1433 in 15000ms'],
  ])('is about the network, and may pass: %s, %s "%s"', (stage, code, message) => {
    expect(explain({ stage, error: ofDriver(message, code) })).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('Could not connect to Azure SQL at db.example:1433'),
    });
  });

  it('is found below what mssql makes of it', () => {
    const originalError = ofDriver('Failed to connect - connect ECONNREFUSED', 'ESOCKET');
    const error = Object.assign(new Error(''), { name: 'ConnectionError', originalError });
    expect(explain({ error })).toMatchObject({ cause: originalError });
  });

  it('is what kept the token back, if something did', () => {
    const failure = new EntraTimeoutError('Waiting', 1, 'Check.');
    expect(explain({ failure, error: ofDriver('', 'EFEDAUTH') })).toBe(failure);
  });

  it.each([
    ['cannot ask for a token', 'The "type" property must one of "default", "ntlm".', /"tedious" to 18\.3/],
    [
      'needs a later Node.js',
      'Failed to connect to db.example:1433 - Promise.withResolvers is not a function',
      /on Node\.js 22, or `npm install tedious@19`/,
    ],
  ])('asks for another tedious where that %s', (_, message, fix) => {
    expect(explain({ stage: 'connected', error: ofDriver(message, 'ESOCKET') })).toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
      fix: expect.stringMatching(fix),
    });
  });
});
