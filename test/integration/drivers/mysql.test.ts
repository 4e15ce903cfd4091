import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import mysql, { type ConnectionOptions } from 'mysql2/promise';
import { entraMySqlAuthPlugins, UnknownResourceError, type EntraTokenService } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource } from 'typeorm';

import type { Server } from '../../../docs/recipes/drivers/server.js';
import { mySqlOptions } from '../../../docs/recipes/drivers/typeorm-mysql.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createDataSourceFactory, databaseAudience } from '../../support/local-database.js';
import { credentialFactory } from '../../support/local-entra.js';
import { LocalMySql } from '../../support/mysql/local-mysql.js';
import { startMySqlBackend } from '../../support/mysql/mysql-backend.js';

let entra: LocalEntra;
let backend: Awaited<ReturnType<typeof startMySqlBackend>>;
let database: LocalMySql;
/** Asks for the password without TLS. */
let insecure: LocalMySql;
let server: Server & { ca: string };
let tokens: EntraTokenService;
const revoked = new Set<string>();

beforeAll(async () => {
  entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
  const authority = new CertificateAuthority();
  backend = await startMySqlBackend();
  const checkToken = (token: string): void => {
    entra.verifyToken(token, { audience: databaseAudience });
    if (revoked.has(token)) throw new Error('revoked');
  };
  const options = { authority, backend: { port: backend.port }, checkToken };
  database = await LocalMySql.start(options);
  insecure = await LocalMySql.start({ ...options, tls: false });
  const { host, port } = database;
  server = { host, port, database: 'notes', user: 'my-app', ca: authority.certificate };
  const setup = createDataSourceFactory({ credential: credentialFactory(entra), resources: { mysql: {} } });
  tokens = setup.service;
});

afterAll(async () => {
  await tokens?.onApplicationShutdown();
  await database?.[Symbol.asyncDispose]();
  await insecure?.[Symbol.asyncDispose]();
  await backend?.stop();
  await entra?.stop();
});

const streamOf = (connection: mysql.Connection): TLSSocket =>
  (connection as unknown as { connection: { stream: TLSSocket } }).connection.stream;

const busyConnection = 'select connection_id() + sleep(0.05) as value';

/** Replaces the token, and lets the server refuse the one before from now on. */
async function retireToken(): Promise<string> {
  const { token } = await tokens.getToken('mysql');
  await tokens.refresh('mysql');
  revoked.add(token);
  return token;
}

describe('the recipe for MySQL through TypeORM', () => {
  it('logs in anew with the new token, keeps what is established, and asks nobody for a token', async () => {
    const dataSource = await new DataSource(mySqlOptions(tokens, server)).initialize();
    const ask = async (sql: string): Promise<string> =>
      String((await dataSource.query<{ value: unknown }[]>(sql))[0]?.value);
    try {
      expect(await ask('select current_user() as value')).toBe('my-app@%');
      const established = await ask('select connection_id() as value');
      await retireToken();
      const { accepted, refused } = database;
      entra.requests.reset();
      // Takes long enough that two at once need two connections.
      const both = await Promise.all([ask(busyConnection), ask(busyConnection)]);
      expect(both).toContain(established);
      expect(new Set(both).size).toBe(2);
      expect(database).toMatchObject({ accepted: accepted + 1, refused });
      expect(entra.requests.total).toBe(0);
    } finally {
      await dataSource.destroy();
    }
  });

  it('does not log in with a retired token', async () => {
    const token = await retireToken();
    const options = mySqlOptions(tokens, server);
    const authPlugins = { mysql_clear_password: () => () => Buffer.from(`${token}\0`) };
    const dataSource = new DataSource(Object.assign(options, { extra: { authPlugins } }));
    await expect(dataSource.initialize()).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
  });
});

describe('a token for MySQL', () => {
  const options = (): ConnectionOptions => {
    const { ca, ...target } = server;
    const ssl = { ca, verifyIdentity: true };
    return { ...target, ssl, authPlugins: entraMySqlAuthPlugins(tokens) };
  };

  it('is presented over TLS that is resumed, too', async () => {
    const { accepted } = database;
    const resumed: unknown[] = [];
    const given = options();
    for (let n = 0; n < 3; n++) {
      const connection = await mysql.createConnection(given);
      resumed.push(streamOf(connection).isSessionReused());
      await connection.end();
    }
    expect(resumed).toEqual([false, true, true]);
    expect(database.accepted).toBe(accepted + 3);
  });

  it.each<[string, (given: ConnectionOptions) => ConnectionOptions, RegExp]>([
    ['without TLS', ({ ssl: _, ...given }) => ({ ...given, port: insecure.port }), /it is not TLS/],
    [
      'whose authority is not checked',
      (given) => ({ ...given, ssl: { verifyIdentity: true, rejectUnauthorized: false } }),
      /unable to verify|UNABLE_TO_VERIFY/i,
    ],
    [
      'whose name is not checked',
      (given) => ({ ...given, ssl: { ca: server.ca } }),
      /"ssl.verifyIdentity" is not true/,
    ],
    ['that has another name', (given) => ({ ...given, host: '0' }), /does not match certificate's altnames/],
    ['that is named by its address', (given) => ({ ...given, host: '127.0.0.1' }), /compare an address/],
  ])('is not given to a server %s', async (_, change, reason) => {
    const given = change(options());
    const before = [database.passwords, insecure.passwords];
    // The second time, mysql2 would resume the session of the first.
    for (let n = 0; n < 2; n++) {
      const error: unknown = await mysql.createConnection(given).catch((refused: unknown) => refused);
      expect(inspect(error, { depth: 9, showHidden: true })).toMatch(reason);
    }
    expect([database.passwords, insecure.passwords]).toEqual(before);
  });

  it('is not given either where the driver itself did not compare the name', async () => {
    const connection = await mysql.createConnection(options());
    const config = { host: 'other.example', ssl: { verifyIdentity: true } };
    const login = { connection: { stream: streamOf(connection), config } };
    await expect(entraMySqlAuthPlugins(tokens).mysql_clear_password(login)()).rejects.toMatchObject({
      message: expect.stringContaining("does not match certificate's altnames"),
      cause: { code: 'ENTRA_INSECURE_CONNECTION' },
    });
    await connection.end();
  });

  it('is not given to a driver that prints its packets', async () => {
    const { passwords } = database;
    const prints = [jest.spyOn(console, 'log'), jest.spyOn(console, 'trace')];
    for (const print of prints) print.mockImplementation(() => undefined);
    try {
      await expect(mysql.createConnection({ ...options(), debug: true })).rejects.toThrow(
        /Leave "debug" out/,
      );
    } finally {
      for (const print of prints) print.mockRestore();
    }
    expect(database.passwords).toBe(passwords);
  });

  it('that cannot be had fails the login with the reason, whose code the driver leaves alone', async () => {
    const credential = { getToken: () => Promise.reject(new Error('AADSTS7000222: expired')) };
    const setup = createDataSourceFactory({ credential, resources: { mysql: {} }, startup: 'lazy' });
    const given = { ...options(), authPlugins: entraMySqlAuthPlugins(setup.service) };
    const error: unknown = await mysql.createConnection(given).catch((refused: unknown) => refused);
    expect(error).toMatchObject({
      code: 'AUTH_SWITCH_PLUGIN_ERROR',
      cause: { code: 'ENTRA_TOKEN_UNAVAILABLE', aadsts: 7000222 },
    });
    await setup.service.onApplicationShutdown();
  });

  it('of a resource that is not configured is missed at once', () => {
    expect(() => entraMySqlAuthPlugins(tokens, 'other')).toThrow(UnknownResourceError);
  });
});
