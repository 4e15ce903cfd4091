import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { InsecureConnectionError } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { describeWith } from '../../support/installed-server.js';
import type { LocalMySql } from '../../support/mysql/local-mysql.js';
import { mariaDbServer } from '../../support/mysql/maria-db.js';
import { ask, connect, MySqlSetup } from '../../support/mysql/mysql-setup.js';

let entra: LocalEntra;
let mysql: MySqlSetup;
/** Right in everything. */
let right: LocalMySql;
/** Has a certificate by an unknown authority. */
let foreign: LocalMySql;
/** Has no TLS, and asks for the password in clear. */
let withoutTls: LocalMySql;
/** Answers whatever comes with a request for the password in clear, before TLS. */
let hasty: Server;
let hastyHeard = '';

const everyGate = (): LocalMySql[] => [right, foreign, withoutTls];

/** What mysql2 takes for each connection of a pool. */
interface PoolInternals {
  driver: { pool: { config: { connectionConfig: Record<string, unknown> } } };
}

describeWith(mariaDbServer)('a token for a data source of MySQL', () => {
  beforeAll(async () => {
    entra = await startLocalEntra();
    mysql = await MySqlSetup.start(entra);
    right = await mysql.gate();
    foreign = await mysql.gate({ authority: new CertificateAuthority() });
    withoutTls = await mysql.gate({ tls: false });
    hasty = createServer(askAtOnce).listen(0, '127.0.0.1');
    await once(hasty, 'listening');
  });

  afterAll(async () => {
    await Promise.all(everyGate().map((gate) => gate?.[Symbol.asyncDispose]()));
    hasty?.close();
    await mysql?.[Symbol.asyncDispose]();
    await entra?.stop();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each<[string, () => LocalMySql, object, RegExp]>([
    ['without TLS', () => withoutTls, {}, /Server does not support secure connection/],
    ['whose authority is unknown', () => foreign, {}, /self-signed certificate|unable to verify/i],
    ['whose authority is not a public one', () => right, { ssl: true }, /self-signed|unable to/i],
    ['that has another name', () => right, { host: '0' }, /does not match certificate's altnames/],
  ])('does not go to a server %s', async (_, gate, given, reason) => {
    const setup = mysql.create(gate(), given);
    const before = everyGate().map(({ passwords }) => passwords);
    for (let n = 0; n < 2; n++) {
      const error: unknown = await connect(setup).catch((refused: unknown) => refused);
      expect(error).toBeInstanceOf(InsecureConnectionError);
      expect(String(error)).toMatch(reason);
      expect(String(error)).toContain('No token was sent.');
    }
    expect(everyGate().map(({ passwords }) => passwords)).toEqual(before);
    while (gate().connections > 0) await sleep(5);
  });

  it('does not go to a server that asks for it before TLS', async () => {
    const { port } = hasty.address() as AddressInfo;
    const setup = mysql.create(right, { port });
    const error: unknown = await connect(setup).catch((refused: unknown) => refused);
    expect(error).toHaveProperty('code', expect.stringMatching(/^ENTRA_(INSECURE|DATABASE)/));
    const { token } = await setup.service.getToken('mysql');
    expect(hastyHeard.length).toBeGreaterThan(0);
    expect(hastyHeard).not.toContain(token.slice(0, 20));
  });

  // Whoever changes the configuration of the pool has got past every check at start-up, and mysql2 checks nothing.
  it.each<[string, () => LocalMySql, (config: Record<string, unknown>) => void, RegExp]>([
    [
      'TLS is turned off',
      () => withoutTls,
      (config) => Object.assign(config, { ssl: false }),
      /it is not TLS/,
    ],
    [
      'the authority is not checked',
      () => foreign,
      (config) => Object.assign(config, { ssl: { rejectUnauthorized: false, verifyIdentity: true } }),
      /UNABLE_TO_VERIFY|SELF_SIGNED/,
    ],
    [
      'the name is not checked',
      () => right,
      (config) =>
        Object.assign(config, { ssl: { ca: mysql.authority.certificate, rejectUnauthorized: true } }),
      /"ssl.verifyIdentity" is not true/,
    ],
    [
      'the host is changed',
      () => right,
      (config) => Object.assign(config, { host: '127.0.0.1' }),
      /The host "127.0.0.1" .* is not configured for the data source "default"/,
    ],
    [
      'the driver prints its packets',
      () => right,
      (config) => Object.defineProperty(config, 'debug', { get: () => [] }),
      /Leave "debug" out/,
    ],
  ])('does not go out when %s in the pool, where the guard stands alone', async (_, gate, change, reason) => {
    for (const print of ['log', 'trace', 'error'] as const)
      jest.spyOn(console, print).mockImplementation(() => undefined);
    const setup = mysql.create(right, { poolSize: 2 });
    const dataSource = await connect(setup);
    const { config } = (dataSource as unknown as PoolInternals).driver.pool;
    change(config.connectionConfig);
    // The socket leads where the options say: the data source of the other gate stands for a server in between.
    const other = gate() === right ? dataSource : await tampered(gate(), change);
    const before = everyGate().map(({ passwords }) => passwords);
    const busy = dataSource.createQueryRunner();
    await busy.connect();
    const error: unknown = await ask(other, 'select 1 as value').catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(InsecureConnectionError);
    expect(String(error)).toMatch(reason);
    expect(everyGate().map(({ passwords }) => passwords)).toEqual(before);
    await busy.release();
    await dataSource.destroy();
  });
});

/** A data source that has never connected, whose pool is changed before its first connection. */
async function tampered(
  gate: LocalMySql,
  change: (config: Record<string, unknown>) => void,
): Promise<DataSource> {
  const setup = mysql.create(gate);
  const options = (await setup.factory.createTypeOrmOptions()) as unknown as {
    driver: { createPool: (options: object) => PoolInternals['driver']['pool'] & Queryable };
    host: string;
    port: number;
    username: string;
    database: string;
    ssl: object;
  };
  const { host, port, username: user, database, ssl } = options;
  const pool = options.driver.createPool({ host, port, user, database, ssl });
  change(pool.config.connectionConfig);
  const query = (sql: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      pool.query(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  return { query } as unknown as DataSource;
}

interface Queryable {
  query: (sql: string, callback: (error: Error | null, rows: unknown) => void) => void;
}

const greeting = Buffer.concat([
  Buffer.from('\x0a8.0.40\0\x01\0\0\0abcdefgh\0', 'latin1'),
  // All capabilities, TLS and plug-ins included; utf8mb4; autocommit; 21 bytes of scramble.
  Buffer.from([0xff, 0xff, 45, 2, 0, 0xff, 0xdf, 21, ...new Array<number>(10).fill(0)]),
  Buffer.from('ijklmnopqrst\0mysql_clear_password\0', 'latin1'),
]);

function packet(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.from([payload.length & 0xff, payload.length >> 8, 0, sequence]);
  return Buffer.concat([header, payload]);
}

function askAtOnce(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.write(packet(0, greeting));
  socket.on('data', (bytes) => {
    hastyHeard += bytes.toString('latin1');
    socket.write(packet(2, Buffer.from('\xfemysql_clear_password\0\0', 'latin1')));
  });
}
