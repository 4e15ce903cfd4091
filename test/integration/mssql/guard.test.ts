import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { InsecureConnectionError, type EntraMsSqlDataSourceOptions } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import type { LocalSqlServer } from '../../support/sql-server/local-sql-server.js';
import { ask, connect, MsSqlSetup } from '../../support/sql-server/mssql-setup.js';

type Transport = 'inside' | 'strict';

let entra: LocalEntra;
let sql: MsSqlSetup;
/** By transport: right in everything; with a certificate by an unknown authority. */
let right: Record<Transport, LocalSqlServer>;
let foreign: Record<Transport, LocalSqlServer>;
/** Declines TLS, and asks for a token all the same. */
let declined: LocalSqlServer;
/** What others name in their place. */
let worker: Record<Transport, LocalSqlServer>;

const transports: Transport[] = ['inside', 'strict'];
const everyServer = (): LocalSqlServer[] => [
  ...[right, foreign, worker].flatMap((servers) => Object.values(servers)),
  declined,
];
const presented = (): number[] => everyServer().map((server) => server.presented.length);

const encryptOf = (transport: Transport): Pick<EntraMsSqlDataSourceOptions, 'options'> => ({
  options: { encrypt: transport === 'strict' ? 'strict' : true },
});

async function refusal(
  server: LocalSqlServer,
  given: Partial<EntraMsSqlDataSourceOptions>,
): Promise<unknown> {
  const error: unknown = await connect(sql.create(server, given)).catch((refused: unknown) => refused);
  while (everyServer().some(({ connections }) => connections > 0)) await sleep(1);
  return error;
}

const each = async (start: (transport: Transport) => Promise<LocalSqlServer>) => ({
  inside: await start('inside'),
  strict: await start('strict'),
});

beforeAll(async () => {
  entra = await startLocalEntra();
  sql = new MsSqlSetup(entra);
  right = await each((transport) => sql.server({ transport }));
  foreign = await each((transport) => sql.server({ transport, authority: new CertificateAuthority() }));
  worker = await each((transport) => sql.server({ transport, host: 'worker.example' }));
  declined = await sql.server({ transport: 'declined' });
});

afterEach(() => {
  jest.restoreAllMocks();
  for (const server of everyServer()) server.route = undefined;
});

afterAll(async () => {
  await Promise.all(everyServer().map((server) => server?.[Symbol.asyncDispose]()));
  await entra?.stop();
});

describe.each(transports)('a token for Azure SQL, %s', (transport) => {
  it.each<[string, () => LocalSqlServer, Partial<EntraMsSqlDataSourceOptions>, RegExp]>([
    ['whose authority is unknown', () => foreign[transport], {}, /self-signed certificate|unable to verify/i],
    [
      'whose authority is not a public one',
      () => right[transport],
      { options: { cryptoCredentialsDetails: undefined } },
      /self-signed|unable to/i,
    ],
    ['that has another name', () => right[transport], { host: '0' }, /does not match certificate's altnames/],
  ])('does not go to a server %s', async (_, server, given, reason) => {
    const before = presented();
    for (let n = 0; n < 2; n++) {
      const options = { ...encryptOf(transport).options, ...given.options };
      const error = await refusal(server(), { ...given, options });
      expect(error).toBeInstanceOf(InsecureConnectionError);
      expect(String(error)).toMatch(reason);
      expect(String(error)).toContain('No token was sent.');
    }
    expect(presented()).toEqual(before);
  });

  it('follows what a verified server names in its place, if that is verified for its own name', async () => {
    resolveEverywhere();
    right[transport].route = { host: 'worker.example', port: worker[transport].port };
    const before = [right[transport].presented.length, worker[transport].presented.length] as const;
    if (transport === 'strict') {
      // tedious compares the certificate of the second server with the name of the first.
      expect(await refusal(right[transport], encryptOf(transport))).toBeInstanceOf(InsecureConnectionError);
      expect(worker[transport].presented).toHaveLength(before[1]);
      return;
    }
    const dataSource = await connect(sql.create(right[transport], encryptOf(transport)));
    expect(Number(await ask(dataSource, 'select @@spid as value'))).toBeGreaterThan(0);
    await dataSource.destroy();
    expect(right[transport].presented.length - before[0]).toBe(2);
    expect(worker[transport].presented.length - before[1]).toBe(2);
  });

  it.each<[string, () => { host: string; port: number }]>([
    ['of an unknown authority', () => ({ host: 'localhost', port: foreign[transport].port })],
    ['of another name', () => ({ host: 'other.example', port: worker[transport].port })],
    ['without TLS', () => ({ host: 'localhost', port: declined.port })],
  ])('does not follow to a server %s', async (_, route) => {
    resolveEverywhere();
    right[transport].route = route();
    const before = presented().slice(2);
    expect(await refusal(right[transport], encryptOf(transport))).toMatchObject({
      code: expect.stringMatching(/^ENTRA_(INSECURE_CONNECTION|DATABASE_UNREACHABLE)$/),
    });
    expect(presented().slice(2)).toEqual(before);
  });

  it('is given up by a login that is sent in circles', async () => {
    right[transport].route = { host: 'localhost', port: right[transport].port };
    const error = await refusal(right[transport], { ...encryptOf(transport), connectionTimeout: 300 });
    expect(error).toMatchObject({ code: 'ENTRA_DATABASE_UNREACHABLE' });
  });

  it('is guarded whatever becomes of the options of the pool', async () => {
    const setup = sql.create(foreign[transport], encryptOf(transport));
    const options = (await setup.factory.createTypeOrmOptions()) as unknown as {
      driver: { ConnectionPool: new (config: object) => { connect(): Promise<unknown> } };
    };
    const { host, port } = right[transport];
    const before = presented();
    const pool = new options.driver.ConnectionPool({
      server: host,
      port,
      options: {
        encrypt: false,
        trustServerCertificate: true,
        serverName: 'localhost',
        connector: undefined,
      },
      authentication: { type: 'default', options: {} },
    });
    await expect(pool.connect()).rejects.toBeInstanceOf(InsecureConnectionError);
    expect(presented()).toEqual(before);
  });
});

describe('a token for Azure SQL', () => {
  it('does not go to a server that declines TLS', async () => {
    const before = presented();
    const error = await refusal(declined, {});
    expect(error).toBeInstanceOf(InsecureConnectionError);
    expect(String(error)).toMatch(/it is not TLS|did not negotiate encryption/);
    expect(String(error)).toContain('No token was sent.');
    expect(presented()).toEqual(before);
  });
});

/** Lets every name lead to this machine. */
function resolveEverywhere(): void {
  jest.spyOn(dns, 'lookup').mockImplementation(((
    _name: string,
    options: { all?: boolean },
    done: (error: null, ...found: unknown[]) => void,
  ) => {
    if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  }) as typeof dns.lookup);
}
