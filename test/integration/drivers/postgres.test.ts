import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import knex from 'knex';
import { EntraAuthModule, EntraTokenService, type TokenCredential } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import pg from 'pg';

import { createSequelizeOfAzure } from '../../../docs/recipes/drivers/azure-postgresql-auth.js';
import { mikroOrm6Options } from '../../../docs/recipes/drivers/mikro-orm-6.js';
import { poolProvider } from '../../../docs/recipes/drivers/pg.js';
import { createPostgresJs } from '../../../docs/recipes/drivers/postgres-js.js';
import { createSequelize } from '../../../docs/recipes/drivers/sequelize.js';
import type { Server } from '../../../docs/recipes/drivers/server.js';
import { eventually } from '../../support/eventually.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { credentialFactory } from '../../support/local-entra.js';
import { mikroOrm7 } from './mikro-orm-7.installation.js';
import { postgresRecipes, subjects, type Recipe, type Subject } from './postgres.recipes.js';

let entra: LocalEntra;
let server: Server & { ca: string };
let app: INestApplicationContext;
let tokens: EntraTokenService;

beforeAll(async () => {
  entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600, postgres: true });
  const { client, certificateAuthority: ca } = entra;
  const { host, port, database, username: user } = entra.postgres;
  server = { host, port, database, user, ca };
  // @azure/postgresql-auth takes the application id for the role's name.
  await entra.postgres.createRole({ name: client.clientId, objectId: client.objectId });
  await entra.postgres.query(processBesideAnother);
  app = await NestFactory.createApplicationContext(
    {
      module: class {},
      imports: [
        EntraAuthModule.forRoot({ credential: credentialFactory(entra), resources: { postgres: {} } }),
      ],
      providers: [poolProvider(server)],
    },
    { logger: false },
  );
  tokens = app.get(EntraTokenService);
});

afterAll(async () => {
  await app?.close();
  await entra?.stop();
  await mikroOrm7.remove();
});

async function using<T>(subject: Subject, work: (subject: Subject) => Promise<T>): Promise<T> {
  try {
    return await work(subject);
  } finally {
    await subject.close();
  }
}

/** Replaces the token, and lets the server refuse the one before from now on. */
async function retireToken(): Promise<string> {
  const { token } = await tokens.getToken('postgres');
  await tokens.refresh('postgres');
  entra.postgres.revoke(token);
  return token;
}

const session = 'select pg_backend_pid()';
/** Lasts until a second one runs beside it, so that two at once need two connections; half a second at most. */
const busyProcess = 'select process_beside_another()';
const processBesideAnother = `
  create function process_beside_another() returns int language plpgsql as $$
  begin
    for turn in 1..50 loop
      perform pg_stat_clear_snapshot();
      exit when 1 < (select count(*) from pg_stat_activity where query = '${busyProcess}');
      perform pg_sleep(0.01);
    end loop;
    return pg_backend_pid();
  end $$`;

const refusal = { code: '28P01' };

describe.each(postgresRecipes)('the recipe for $name', ({ open }: Recipe) => {
  it('logs in anew with the new token, keeps what is established, and asks nobody for a token', async () => {
    await using(await open(tokens, server), async ({ row }) => {
      const [established] = await row(session);
      await retireToken();
      const { accepted, refused } = entra.postgres.logins;
      entra.requests.reset();
      const both = (await Promise.all([row(busyProcess), row(busyProcess)])).flat();
      expect(both).toContain(established);
      expect(new Set(both).size).toBe(2);
      expect(entra.postgres.logins).toMatchObject({ accepted: accepted + 1, refused });
      expect(entra.requests.total).toBe(0);
    });
  });

  it.each([
    ['by an authority that is not known', () => ({ ...server, ca: undefined }), /unable to verify/],
    ['for another name', () => ({ ...server, host: '0' }), /does not match certificate's altnames/],
    [
      'for another address',
      () => ({ ...server, host: '0.0.0.0' }),
      /IP: 0\.0\.0\.0 is not in the cert's list/,
    ],
  ])('gives no token to a server whose certificate is %s', async (_, target, reason) => {
    const { accepted, refused } = entra.postgres.logins;
    await using(await open(tokens, target()), async ({ row }) => {
      const failure: unknown = await row(session).catch((error: unknown) => error);
      expect(inspect(failure, { depth: 9 })).toMatch(reason);
    });
    expect(entra.postgres.logins).toMatchObject({ accepted, refused });
  });
});

/** Tokens of a credential that can be broken. */
function breakableTokens(): { tokens: EntraTokenService; outage: { over: boolean } } {
  const outage = { over: false };
  const credential = credentialFactory(entra)();
  const getToken: TokenCredential['getToken'] = (scopes, options) =>
    outage.over ? credential.getToken(scopes, options) : Promise.reject(new Error('AADSTS90033: outage'));
  // Some pools log in again for every waiting query, one after the other.
  const refresh = { backoff: { initialDelayInMs: 10, maxDelayInMs: 10 } };
  const resources = { postgres: {} };
  const { service } = createDataSourceFactory({
    credential: { getToken },
    resources,
    refresh,
    startup: 'lazy',
  });
  return { tokens: service, outage };
}

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe.each(postgresRecipes)('an outage without a token, with the recipe for $name', ({ open }: Recipe) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));

  it('fails each query with the reason, leaves no connection open, and passes', async () => {
    const { accepted, refused } = entra.postgres.logins;
    const before = openSockets();
    const { tokens, outage } = breakableTokens();
    await using(await open(tokens, server), async ({ row }) => {
      // More than a pool has connections: none of them may be lost.
      const queries = Array.from({ length: 12 }, () => row(session).catch((error: unknown) => error));
      for (const failure of await Promise.all(queries)) {
        expect(inspect(failure, { depth: 9 })).toContain('AADSTS90033');
      }
      expect(entra.postgres.logins).toMatchObject({ accepted, refused });
      // The server would end them itself, after a minute.
      await eventually(() => openSockets() <= before, 10_000);
      expect(openSockets()).toBeLessThanOrEqual(before);
      outage.over = true;
      await tokens.refresh('postgres');
      await expect(row(session)).resolves.toEqual([expect.any(Number)]);
    });
    await tokens.onApplicationShutdown();
    expect(unhandled).toEqual([]);
  });
});

describe("an application's settings of postgres.js", () => {
  it('are taken, except those that decide where the token goes', async () => {
    const settings = {
      max: 3,
      host: 'elsewhere.example',
      port: 1,
      ssl: false,
      password: 'of the application',
    };
    const sql = createPostgresJs(tokens, server, settings);
    const { host, port, ca } = server;
    expect(sql.options).toMatchObject({ max: 3, host: [host], port: [port], pass: expect.any(Function) });
    expect(sql.options.ssl).toEqual({ rejectUnauthorized: true, host, ca });
    await sql.end();
  });
});

describe('what the page warns of', () => {
  it('a retired token is refused, which pg itself does not repair', async () => {
    const { ca, ...rest } = server;
    const client = new pg.Client({ ...rest, ssl: { ca }, password: await retireToken() });
    await expect(client.connect()).rejects.toMatchObject(refusal);
  });

  it('pg drops the password function when it gets a connection string', async () => {
    const { host, port, database, user, ca } = server;
    const connectionString = `postgres://${user}@${host}:${port}/${database}`;
    const password = tokens.passwordProvider('postgres');
    const client = new pg.Client({ connectionString, ssl: { ca }, password });
    await expect(client.connect()).rejects.toThrow(/invalid format/);
  });

  it('Knex calls a connection function once, and MikroORM a password function that returns a string', async () => {
    const { host, port, database, user, ca } = server;
    const ssl = { rejectUnauthorized: true, ca };
    const password = tokens.passwordProvider('postgres');
    const connection = async () => ({ host, port, database, user, ssl, password: await password() });
    const once: Subject[] = [
      subjects.knex(knex({ client: 'pg', connection, log: { warn: () => undefined } })),
      await subjects.mikroOrm({
        ...mikroOrm6Options(tokens, server),
        password,
        driverOptions: { connection: { ssl } },
      }),
    ];
    for (const subject of once) {
      await using(subject, async ({ row }) => {
        await row(session);
        await retireToken();
        await expect(Promise.all([row(busyProcess), row(busyProcess)])).rejects.toMatchObject(refusal);
      });
    }
  });

  it('@azure/postgresql-auth takes the application id for the name of the role', async () => {
    const { row, close } = subjects.sequelize(createSequelizeOfAzure(tokens, server));
    expect(await row('select current_user')).toEqual([entra.client.clientId]);
    await close();
  });

  it('Sequelize keeps the token', async () => {
    const sequelize = createSequelize(tokens, server);
    await sequelize.authenticate();
    const { token } = await tokens.getToken('postgres');
    expect(inspect(sequelize.connectionManager, { depth: 2 })).toContain(token);
    await sequelize.close();
  });
});

describe("the pool's provider", () => {
  it('gives Nest a pool that logs in', async () => {
    const pool = app.get(pg.Pool);
    expect((await pool.query('select current_user as name')).rows).toEqual([{ name: server.user }]);
    await pool.end();
  });
});
