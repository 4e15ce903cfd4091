import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntraTokenService, TokenCredential } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource } from 'typeorm';

import { messagesOf } from '../../../docs/recipes/drivers/mssql-failure.js';
import type { Server } from '../../../docs/recipes/drivers/server.js';
import { sqlServerOptions } from '../../../docs/recipes/drivers/typeorm-mssql.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { credentialFactory } from '../../support/local-entra.js';
import { LocalSqlServer } from '../../support/sql-server/local-sql-server.js';

let entra: LocalEntra;
let database: LocalSqlServer;
let server: Omit<Server, 'user'>;
let tokens: EntraTokenService;
const revoked = new Set<string>();
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
  const authority = new CertificateAuthority();
  const checkToken = (token: string): void => {
    entra.verifyToken(token, { audience: 'https://database.windows.net' });
    if (revoked.has(token)) throw new Error('revoked');
  };
  database = await LocalSqlServer.start({ authority, checkToken });
  server = { host: database.host, port: database.port, database: 'notes', ca: authority.certificate };
  const resources = { sql: {}, graph: {} };
  tokens = createDataSourceFactory({ credential: credentialFactory(entra), resources }).service;
});

afterAll(async () => {
  process.off('unhandledRejection', note);
  await tokens?.onApplicationShutdown();
  await database?.[Symbol.asyncDispose]();
  await entra?.stop();
});

/** Opens the recipe's data source, by TDS 8.0. */
function open(service: EntraTokenService, target: Omit<Server, 'user'> = server): Promise<DataSource> {
  return new DataSource(sqlServerOptions(service, target)).initialize();
}

const reject = (error: unknown): unknown => error;

describe('the recipe for Azure SQL through TypeORM', () => {
  it('logs in anew with the new token, keeps what is established, and asks for no token', async () => {
    const dataSource = await open(tokens);
    try {
      await dataSource.query('select 1');
      const { token } = await tokens.getToken('sql');
      await tokens.refresh('sql');
      revoked.add(token);
      const { accepted, refused } = database;
      entra.requests.reset();
      // Two at once need two connections.
      database.busyUntil = database.nextLogin();
      const query = 'select 1 as one';
      await Promise.all([dataSource.query(query), dataSource.query(query)]);
      expect(database).toMatchObject({ accepted: accepted + 1, refused });
      expect(entra.requests.total).toBe(0);
    } finally {
      await dataSource.destroy();
    }
  });

  it("gives the database's token to a server that names another resource", async () => {
    const { accepted, resource } = database;
    await tokens.getToken('sql');
    entra.requests.reset();
    database.resource = 'https://graph.microsoft.com/';
    try {
      await (await open(tokens)).destroy();
    } finally {
      database.resource = resource;
    }
    // mssql logs in once to see whether it can, and again for the first query.
    expect(database.accepted).toBe(accepted + 2);
    expect(entra.requests.total).toBe(0);
  });

  it.each([
    ['by an authority that is not known', () => ({ ...server, ca: undefined }), /unable to verify/],
    ['for another name', () => ({ ...server, host: '0' }), /does not match certificate's altnames/],
  ])('gives no token to a server whose certificate is %s', async (_, target, reason) => {
    const { accepted, refused } = database;
    const failure = await open(tokens, target()).catch(reject);
    expect(messagesOf(failure).join()).toMatch(reason);
    expect(database).toMatchObject({ accepted, refused });
  });

  it('begins with TLS', () => {
    expect(sqlServerOptions(tokens, server)).toMatchObject({ extra: { options: { encrypt: 'strict' } } });
  });
});

describe('a login of mssql that fails', () => {
  it('gives the reason to the recipe during an outage without a token, has none itself, and passes', async () => {
    const outage = { over: false };
    const credential = credentialFactory(entra)();
    const getToken: TokenCredential['getToken'] = (scopes, options) =>
      outage.over ? credential.getToken(scopes, options) : Promise.reject(new Error('AADSTS90033: unwell'));
    const resources = { sql: {} };
    const { service } = createDataSourceFactory({ credential: { getToken }, resources, startup: 'lazy' });
    const { accepted, refused } = database;
    for (let n = 0; n < 3; n++) {
      const failure = await open(service).catch(reject);
      expect(failure).toMatchObject({ name: 'ConnectionError', message: '' });
      expect(messagesOf(failure)).toEqual([
        'Security token could not be authenticated or authorized.',
        expect.stringContaining('AADSTS90033'),
        'AADSTS90033: unwell',
      ]);
    }
    expect(database).toMatchObject({ accepted, refused });
    outage.over = true;
    await service.refresh('sql');
    await (await open(service)).destroy();
    // mssql logs in once to see whether it can, and again for the first query.
    expect(database.accepted).toBe(accepted + 2);
    await service.onApplicationShutdown();
    expect(unhandled).toEqual([]);
  });

  it("gives the server's reason, too", async () => {
    const { token } = await tokens.getToken('sql');
    revoked.add(token);
    const failure = await open(tokens).catch(reject);
    expect(messagesOf(failure)).toContain("Login failed for user '<token-identified principal>'.");
    await tokens.refresh('sql');
  });

  it('gives nothing where there is no error', () => {
    expect(messagesOf(new Error('Login failed.', { cause: 'unknown' }))).toEqual(['Login failed.']);
    expect(messagesOf(undefined)).toEqual([]);
  });
});
