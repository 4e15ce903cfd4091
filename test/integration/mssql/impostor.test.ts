import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InsecureConnectionError, type EntraMsSqlDataSourceOptions } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { realProcess } from '../../support/real-process.js';
import type { LocalSqlServer } from '../../support/sql-server/local-sql-server.js';
import { connect, MsSqlSetup } from '../../support/sql-server/mssql-setup.js';

let entra: LocalEntra;
let sql: MsSqlSetup;
/** Stand between, and let everyone in without a token. */
let plain: LocalSqlServer;
let foreign: LocalSqlServer;
/** A verified server that names another before it asks for a token. */
let gateway: LocalSqlServer;
/** What they name, with a certificate of a trusted authority for its own name. */
let elsewhere: LocalSqlServer;

const strict = { options: { encrypt: 'strict' } } as const;

async function outcome(
  server: LocalSqlServer,
  given: Partial<EntraMsSqlDataSourceOptions> = {},
): Promise<unknown> {
  const setup = sql.create(server, given);
  const error: unknown = await connect(setup).then(
    (dataSource) => dataSource.destroy(),
    (refused: unknown) => refused,
  );
  for (const each of [plain, foreign, gateway, elsewhere]) while (each.connections > 0) await sleep(1);
  expect(setup.logins[0]?.outcome).toBe(error === undefined ? 'accepted' : 'failed');
  return error;
}

beforeAll(async () => {
  entra = await startLocalEntra();
  sql = new MsSqlSetup(entra);
  plain = await sql.server({ transport: 'declined' });
  foreign = await sql.server({ transport: 'strict', authority: new CertificateAuthority() });
  gateway = await sql.server();
  elsewhere = await sql.server({ host: 'elsewhere.example' });
  for (const each of [plain, foreign, gateway]) each.asksForToken = false;
});

beforeEach(() => {
  jest.spyOn(dns, 'lookup').mockImplementation(((
    _name: string,
    options: { all?: boolean },
    done: (error: null, ...found: unknown[]) => void,
  ) => {
    if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  }) as typeof dns.lookup);
});

afterEach(() => {
  jest.restoreAllMocks();
  delete realProcess.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  for (const each of [plain, foreign, gateway]) each.route = undefined;
  elsewhere.presented.length = 0;
});

afterAll(async () => {
  for (const each of [plain, foreign, gateway, elsewhere]) await each?.[Symbol.asyncDispose]();
  await entra?.stop();
});

describe('a server that lets everyone in without a token', () => {
  it('gets no session without TLS', async () => {
    const error = await outcome(plain);
    expect(error).toBeInstanceOf(InsecureConnectionError);
    expect(String(error)).toMatch(/it is not TLS|did not negotiate encryption/);
  });

  it('gets no session by an unknown authority when Node.js is told to accept every one', async () => {
    jest.spyOn(realProcess, 'emitWarning').mockImplementation(() => undefined);
    realProcess.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const error = await outcome(foreign, strict);
    expect(error).toBeInstanceOf(InsecureConnectionError);
    expect(String(error)).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  });

  it('does not send the token elsewhere without TLS', async () => {
    plain.route = { host: elsewhere.host, port: elsewhere.port };
    expect(await outcome(plain)).toBeInstanceOf(InsecureConnectionError);
    expect(elsewhere.presented).toEqual([]);
  });

  it('does not send it elsewhere by an unknown authority when Node.js is told to accept every one', async () => {
    jest.spyOn(realProcess, 'emitWarning').mockImplementation(() => undefined);
    realProcess.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    foreign.route = { host: elsewhere.host, port: elsewhere.port };
    expect(await outcome(foreign, strict)).toBeInstanceOf(InsecureConnectionError);
    expect(elsewhere.presented).toEqual([]);
  });

  it('sends it to another server when it has proved its own name', async () => {
    gateway.route = { host: elsewhere.host, port: elsewhere.port };
    expect(await outcome(gateway)).toBeUndefined();
    expect(elsewhere.presented).toHaveLength(2);
  });
});
