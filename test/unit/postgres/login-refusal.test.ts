import { describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, DatabaseUnreachableError } from 'nestjs-entra-auth';
import type { Client } from 'pg';

import { explainLoginError } from '../../../lib/postgres/explain-login-error.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';
import { isLoginRefusal, sqlStateOf } from '../../../lib/common/sqlstate.js';
import { HeldAccessToken } from '../../../lib/entra/held-access-token.js';

const serverError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const refusals: [code: string, message: string][] = [
  ['28P01', 'password authentication failed for user "app"'],
  ['28000', 'The access token has expired. Please acquire a new token and retry.'],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "app", database "notes", no encryption'],
  ['08P01', 'password authentication failed'],
  ['08P01', 'client sent partial pkt in startup phase'],
  ['08P01', 'FATAL: Password too long'],
  ['08P01', 'no such user: app'],
  ['08004', 'server rejected establishment of SQL-connection'],
  ['XX000', 'Tenant or user not found'],
  ['P0001', 'this client may not log in'],
];

const other: [code: string, message: string][] = [
  ['57P03', 'the database system is starting up'],
  ['57P01', 'terminating connection due to administrator command'],
  ['53300', 'sorry, too many clients already'],
  ['53200', 'out of memory'],
  ['3D000', 'database "nope" does not exist'],
  ['42501', 'permission denied for database "notes"'],
  ['42704', 'unrecognized configuration parameter "nope"'],
  ['22023', 'invalid value for parameter "TimeZone": "nope"'],
  ['25006', 'cannot execute in a read-only transaction'],
  ['55000', 'database "template0" is not currently accepting connections'],
  ['58P01', 'could not access file "nope"'],
  ['0A000', 'unsupported frontend protocol'],
  ['F0000', 'configuration file contains errors'],
  ['08006', 'server closed the connection'],
  ['08001', 'unable to connect'],
  ['08P01', 'no such database: nope'],
  ['08P01', 'no more connections allowed (max_client_conn)'],
  ['08P01', 'unsupported startup parameter: options'],
  ['08P01', 'query_wait_timeout'],
  ['08P01', 'client_login_timeout (server down)'],
  ['08P01', 'server login has been failing, try again later (server_login_retry)'],
  ['08P01', 'pgbouncer is shutting down'],
  ['08P01', 'SSL required'],
];

describe('isLoginRefusal', () => {
  it.each(refusals)('counts %s "%s"', (code, message) => {
    expect(isLoginRefusal(serverError(code, message), true)).toBe(true);
  });

  it.each(other)('leaves %s "%s" to those whom it tells about something else', (code, message) => {
    expect(isLoginRefusal(serverError(code, message), true)).toBe(false);
  });

  it.each([
    ['28000', true],
    ['08P01', false],
    ['XX000', false],
  ])('of %s before any token was presented: %s', (code, counts) => {
    expect(isLoginRefusal(serverError(code, 'no'), false)).toBe(counts);
  });

  it('takes no code of the operating system for a SQLSTATE', () => {
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write', errno: -32 });
    expect(sqlStateOf(broken)).toBeUndefined();
    expect(isLoginRefusal(broken, true)).toBe(false);
    expect(explain(broken)).toBeInstanceOf(DatabaseUnreachableError);
  });
});

const oid = 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb';
const appid = '00001111-aaaa-2222-bbbb-3333cccc4444';

interface Situation {
  role?: string;
  claims?: object;
  sizeInBytes?: number;
  roleNameFromToken?: (claims: Record<string, unknown>) => string;
}

function explain(original: Error, { role = 'notes-app', ...situation }: Situation = {}): Error {
  const { claims = { idtyp: 'app', oid, appid }, sizeInBytes = 0, roleNameFromToken } = situation;
  const [dataSource] = resolveDataSources({
    type: 'postgres',
    host: 'db.example',
    username: role,
    database: 'notes',
    ...(roleNameFromToken === undefined ? {} : { roleNameFromToken }),
  }).values();
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const token = new HeldAccessToken({
    token: `e30.${payload}.`.padEnd(sizeInBytes, 's'),
    acquiredAt: 0,
    expiresOnTimestamp: 3_600_000,
  });
  const client = { host: 'db.example', port: 6432, user: role, database: 'notes' } as Client;
  return explainLoginError(original, { client, token }, dataSource!, 60_000);
}

const refused = serverError('28P01', 'password authentication failed for user "notes-app"');
const byPooler = serverError('08P01', 'password authentication failed');

describe('a login refused with the token of a person', () => {
  const person = { oid, appid, scp: 'user_impersonation' };

  it.each([
    [{ idtyp: 'user', ...person, upn: 'ada@contoso.com' }, `the user "ada@contoso.com" (object id "${oid}")`],
    [{ ...person, unique_name: 'live.com#ada' }, `the user "live.com#ada" (object id "${oid}")`],
    [{ oid, preferred_username: 'ada@contoso.com' }, `the user "ada@contoso.com" (object id "${oid}")`],
    [{ idtyp: 'user', oid }, `a user (object id "${oid}")`],
    [{ idtyp: 'user' }, 'a user.'],
  ])('names the owner of %j, and binds the role of the application to no person', (claims, owner) => {
    for (const original of [refused, byPooler]) {
      const { message } = explain(original, { claims });
      expect(message).toContain(`It belongs to ${owner}`);
      expect(message).toContain('leave "username" out');
      const [, name] = /^the user ("[^"]+")/.exec(owner) ?? [];
      const found =
        name === undefined ? 'is then found in the token.' : `is then found in the token: ${name}.`;
      expect(message).toContain(found);
      expect(message).not.toMatch(/pgaadauth|select|create/i);
    }
  });

  it("offers the SQL for a role that is the person's own", () => {
    const claims = { idtyp: 'user', oid, upn: 'Ada@contoso.com' };
    for (const situation of [
      { role: 'ada@contoso.com', claims },
      { role: 'ada', claims, roleNameFromToken: () => 'ada' },
    ]) {
      const { message } = explain(refused, situation);
      expect(message).toContain(`pgaadauth_create_principal_with_oid('${situation.role}', '${oid}', 'user'`);
      expect(message).not.toContain('leave "username" out');
    }
  });

  describe('who is a guest of the tenant', () => {
    const issuers = { iss: 'https://sts.windows.net/here/', idp: 'https://sts.windows.net/home/' };
    const claims = { ...person, ...issuers, unique_name: 'ada@fabrikam.com' };

    it.each(['ada@fabrikam.com', 'notes-app'])('names the account of the guest, for the role %s', (role) => {
      const { message } = explain(refused, { role, claims });
      expect(message).toContain('"ada_fabrikam.com#EXT#@<tenant>.onmicrosoft.com"');
      expect(message).toContain('is a member of it');
      expect(message).not.toMatch(/pgaadauth|leave "username" out/);
    });

    it('offers the SQL for the role of a guest', () => {
      const role = 'ada_fabrikam.com#EXT#@contoso.onmicrosoft.com';
      expect(explain(refused, { role, claims }).message).toContain(
        `pgaadauth_create_principal_with_oid('${role}', '${oid}', 'user'`,
      );
    });

    it('does not take a member of the tenant for one', () => {
      const member = { ...claims, idp: issuers.iss };
      expect(explain(refused, { claims: member }).message).toContain('leave "username" out');
    });
  });

  it('survives a function for the name that throws', () => {
    const roleNameFromToken = (): string => {
      throw new TypeError('no such claim');
    };
    expect(explain(refused, { claims: person, roleNameFromToken })).toBeInstanceOf(DatabaseLoginRefusedError);
  });
});

describe('a login refused with the token of an application', () => {
  it('names the application, and offers the SQL', () => {
    const { message } = explain(refused);
    expect(message).toContain(`It belongs to the application "${appid}" (object id "${oid}")`);
    expect(message).toContain(`pgaadauth_create_principal_with_oid('notes-app', '${oid}', 'service'`);
  });
});

describe('a token that is too long', () => {
  it.each([
    [2_047, byPooler, /A pooler hides the reason.*port 5432/],
    [
      2_048,
      byPooler,
      /has 2048 bytes, and PgBouncer takes no more than 2047.*port 5432.*Reduce the group claims/i,
    ],
    [2_048, refused, /pgaadauth_create_principal/],
    [65_531, byPooler, /has 65531 bytes, and PostgreSQL takes no more than 65530.*Reduce the group claims/i],
  ])('of %i bytes is reported', (sizeInBytes, original, message) => {
    expect(explain(original, { sizeInBytes }).message).toMatch(message);
  });

  it('is what PostgreSQL ends a connection for without an error', () => {
    const cut = new Error('Connection terminated unexpectedly');
    const error = explain(cut, { sizeInBytes: 65_531 });
    expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect(error).toMatchObject({ sqlState: undefined, retryable: false });
    expect(error.message).toMatch(/PostgreSQL takes no more than 65530/);
    expect(explain(cut, { sizeInBytes: 65_530 })).toBeInstanceOf(DatabaseUnreachableError);
  });

  it('does not matter where the server did not check it', () => {
    const byHost = serverError('28000', 'no pg_hba.conf entry for host "10.0.0.1"');
    expect(explain(byHost, { sizeInBytes: 70_000 }).message).toContain('host-based rules');
  });
});
