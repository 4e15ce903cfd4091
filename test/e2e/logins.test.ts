import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  DatabaseLoginRefusedError,
  EntraTokenService,
  TokenUnavailableError,
  type AccessToken,
  type EntraAuthModuleOptions,
} from 'nestjs-entra-auth';
import type { HandMadeToken, LoginRefusalReason } from 'nestjs-entra-auth/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';

import { EndToEnd } from '../support/e2e.js';
import {
  credentialFactory,
  databaseAudience,
  localDataSource,
  graphAudience,
} from '../support/local-entra.js';

const hour = 3_600_000;
const otherTenant = '99999999-9999-4999-8999-999999999999';
const objectId = 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb';
const somebodyElse = { name: 'somebody-else', objectId: 'cccccccc-0000-1111-2222-dddddddddddd' };

/** How far the clock of the server is ahead of this machine's. */
let serverIsAheadInMs = 0;

const e2e = new EndToEnd(() => ({
  clock: { now: () => Date.now() + serverIsAheadInMs },
  client: { objectId },
  postgres: { roles: [{ name: 'notes-app', objectId }, somebodyElse] },
}));

/** A login as any client makes it, without the module. */
async function logIn(token: string): Promise<void> {
  const { host, port, database, username } = e2e.entra.postgres;
  const ssl = { ca: e2e.entra.certificateAuthority };
  const client = new pg.Client({ host, port, database, user: username, password: token, ssl });
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
}

/** A module whose credential has nothing but this token. */
function withToken(token: string, role = 'notes-app'): EntraAuthModuleOptions {
  const held: AccessToken = { token, expiresOnTimestamp: Date.now() + hour };
  return {
    credential: { getToken: () => Promise.resolve(held) },
    resources: { postgres: { tenantId: e2e.entra.tenantId } },
    dataSource: { ...localDataSource(e2e.entra), username: role, manualInitialization: true },
    startup: 'lazy',
  };
}

describe('a connection that is established', () => {
  it('survives the expiry of its token, while a new login needs a new token and gets one', async () => {
    const { entra } = e2e;
    entra.tokenLifetimeInSeconds = 3;
    await using app = await e2e.bootWithDatabase({
      credential: credentialFactory(entra),
      dataSource: { ...localDataSource(entra), extra: { max: 2 } },
    });
    const processOf = async (connection: { query(sql: string): Promise<unknown> }): Promise<number> => {
      const [row] = (await connection.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      return row.pid;
    };
    const established = app.get(DataSource).createQueryRunner();
    const firstProcess = await processOf(established);
    const old = await app.get(EntraTokenService).getToken('postgres');

    await sleep(old.expiresOnTimestamp - Date.now() + 100);

    expect(await processOf(established)).toBe(firstProcess);
    expect(await e2e.errorOf(logIn(old.token))).toMatchObject({ code: '28P01' });
    const renewed = app.get(DataSource).createQueryRunner();
    expect(await processOf(renewed)).not.toBe(firstProcess);
    expect(entra.postgres.logins.refusedBy).toMatchObject({ expired: 1 });
    expect(entra.postgres.logins.refused).toBe(1);
    await established.release();
    await renewed.release();
    entra.tokenLifetimeInSeconds = 3600;
  });
});

interface RefusedLogin {
  what: string;
  wanted?: Partial<HandMadeToken>;
  /** How the clock of the server moves once the module holds its token. */
  serverMovesInMs?: number;
  role?: string;
  /** What the server found. */
  reason: LoginRefusalReason;
}

const refusedLogins: RefusedLogin[] = [
  { what: 'a wrong signature', wanted: { signedBy: 'foreign-key' }, reason: 'signature' },
  { what: 'a wrong audience', wanted: { audience: graphAudience }, reason: 'audience' },
  { what: 'a wrong tenant', wanted: { tenantId: otherTenant }, reason: 'tenant' },
  { what: 'an expired token', serverMovesInMs: 2 * hour, reason: 'expired' },
  { what: 'a token that is not yet valid', serverMovesInMs: -hour, reason: 'not-yet-valid' },
  { what: 'the role of another identity', role: somebodyElse.name, reason: 'wrong-principal' },
  { what: 'a role that does not exist', role: 'Notes-App', reason: 'unknown-role' },
];

describe.each(refusedLogins)('a login with $what', (login) => {
  const { wanted, serverMovesInMs = 0, role = 'notes-app', reason } = login;

  it('is refused by the server, and the module names the resource, the role and what to do', async () => {
    const { logins } = e2e.entra.postgres;
    const before = logins.refusedBy[reason];
    const token = e2e.entra.issueToken({ audience: databaseAudience, ...wanted });
    const { dataSource, ...options } = withToken(token, role);
    await using app = await e2e.bootWithDatabase({
      ...options,
      // The module checks audience and tenant of tokens for a database itself, unless it cannot know them.
      resources: { reports: { scopes: 'api://reports/.default' } },
      dataSource: { ...dataSource, resource: 'reports' } as typeof dataSource,
    });
    await app.get(EntraTokenService).getToken('reports');

    serverIsAheadInMs = serverMovesInMs;
    const error = await e2e.errorOf(app.get(DataSource).initialize());
    serverIsAheadInMs = 0;

    expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    const refused = error as DatabaseLoginRefusedError;
    expect(refused).toMatchObject({
      code: 'ENTRA_LOGIN_REFUSED',
      resource: 'reports',
      role,
      retryable: false,
    });
    expect(refused.sqlState).toMatch(/^28/);
    expect(refused.cause).toMatchObject({ code: refused.sqlState });
    expect(refused.message).toContain('"reports"');
    expect(refused.message).toContain(`"${role}"`);
    expect(refused.message).toContain(`pgaadauth_create_principal_with_oid('${role}', '${objectId}'`);
    expect(logins.refusedBy[reason]).toBeGreaterThan(before);
  });
});

describe('a token whose uselessness can be seen', () => {
  it.each<[string, Partial<HandMadeToken>, RegExp]>([
    [
      'wrong audience',
      { audience: graphAudience },
      /a token for "https:\/\/graph\.microsoft\.com" instead of/,
    ],
    ['wrong tenant', { tenantId: otherTenant }, /a token of the tenant "99999999-.*" instead of/],
    ['expired', { lifetimeInSeconds: -60 }, /had expired at/],
    ['not yet valid', { notBeforeInSeconds: 600 }, /is not valid before/],
  ])('never leaves for the database: %s', async (_, wanted, message) => {
    const { accepted, refused } = e2e.entra.postgres.logins;
    const token = e2e.entra.issueToken({ audience: databaseAudience, ...wanted });
    await using app = await e2e.bootWithDatabase(withToken(token));
    const error = await e2e.errorOf(app.get(DataSource).initialize());

    expect(error).toBeInstanceOf(TokenUnavailableError);
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', resource: 'postgres' });
    expect(error).toMatchObject({ message: expect.stringMatching(message) as unknown });
    expect((error as Error).cause).toMatchObject({ name: 'InvalidTokenError' });
    expect(e2e.entra.postgres.logins).toMatchObject({ accepted, refused });
  });
});

e2e.letsNoSecretOut();
