import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { AccessToken, EntraAuthModuleOptions } from 'nestjs-entra-auth';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';
import { RecordingServer } from '../integration/postgres/guard.recording-server.js';
import { unnamedAddress } from '../integration/postgres/guard.setup.js';
import { itWith } from '../support/installed-server.js';
import { HandMadeCredential } from '../support/local-database.js';
import { mariaDbServer } from '../support/mysql/maria-db.js';
import { MySqlSetup } from '../support/mysql/mysql-setup.js';
import { MsSqlSetup } from '../support/sql-server/mssql-setup.js';
import { databaseToken } from '../support/tokens.js';
import { Consumer } from './consumer.js';

/** Two tokens, the first of which is refused. */
async function refusedFirst(
  credential: { getToken(): Promise<AccessToken> },
  revoked: Set<string>,
): Promise<string[]> {
  const tokens = [(await credential.getToken()).token, (await credential.getToken()).token];
  revoked.add(tokens[0] ?? '');
  return tokens;
}

describe('a CommonJS application on Nest 11', () => {
  let app: Consumer;

  /** Logs in with the oldest TypeORM, and repeats the refused login. */
  async function works(
    server: EntraAuthModuleOptions['dataSource'],
    tokens: string[],
    query: string,
  ): Promise<void> {
    const SETTINGS = JSON.stringify({ server, tokens, query });
    await expect(app.outputOf('other-database.cjs', { SETTINGS })).resolves.toEqual({
      value: expect.any(String),
      rows: 1,
      firstLogins: ['refused', 'accepted'],
      asked: 2,
    });
  }

  beforeAll(async () => {
    app = await Consumer.installed('nest-11');
  });

  afterAll(() => app?.[Symbol.asyncDispose]());

  it('compiles to CommonJS, boots and ends', async () => {
    const options = { module: 'commonjs', moduleResolution: 'bundler', noEmit: false, outDir: 'compiled' };

    await expect(app.compile(['main.ts'], options)).resolves.toMatchObject({ exitCode: 0, stdout: '' });
    await expect(app.outputOf('compiled/main.js')).resolves.toEqual({
      token: 'token-for-https://graph.microsoft.com/.default',
      timers: ['entra-token-refresh:graph'],
    });
  });

  it('works with the oldest TypeORM on a real database: queries, transactions, eviction, login retry', async () => {
    await using entra = await startLocalEntra({ postgres: { rights: 'migrations' } });
    const { host, port, database, username } = entra.postgres;
    const credential = new HandMadeCredential(entra);
    const tokens = [(await credential.getToken()).token, (await credential.getToken()).token] as const;
    entra.postgres.revoke(tokens[0]);
    const server = { host, port, database, username, ssl: { ca: entra.certificateAuthority } };

    await expect(
      app.outputOf('database.cjs', { SETTINGS: JSON.stringify({ tokens, server }) }),
    ).resolves.toEqual({
      user: username,
      loginsAtStart: ['refused', 'accepted'],
      asked: 2,
      rolledBack: '23505',
      kept: [{ name: 'committed' }],
      pools: 1,
      evicted: true,
    });
  });

  itWith(mariaDbServer)('works with the oldest mysql2', async () => {
    await using entra = await startLocalEntra();
    await using mysql = await MySqlSetup.start(entra);
    await using gate = await mysql.gate();
    const tokens = await refusedFirst(new HandMadeCredential(entra), mysql.revoked);
    await works(mysql.dataSource(gate), tokens, 'select current_user() as value');
  });

  it('works with the oldest mssql and tedious', async () => {
    await using entra = await startLocalEntra();
    const sql = new MsSqlSetup(entra);
    await using server = await sql.server();
    const tokens = await refusedFirst(sql.credential(), sql.revoked);
    await works(sql.dataSource(server), tokens, 'select @@spid as value');
  });

  it('has the oldest driver check an IP address against the certificate', async () => {
    const authority = new CertificateAuthority();
    const server = await RecordingServer.start({ certificate: authority.issueServerCertificate() });
    try {
      const endpoint = {
        port: server.port,
        username: 'app',
        database: 'notes',
        ssl: { ca: authority.certificate },
      };
      const token = databaseToken('the-token');
      const logIn = async (host: string): Promise<unknown> => {
        server.forget();
        const SETTINGS = JSON.stringify({ token, server: { ...endpoint, host } });
        const { code } = await app.outputOf<{ code: string }>('login.cjs', { SETTINGS });
        return { code, ...server.saw(token), startUp: server.saw('notes').readable };
      };

      // The server ends the login once it has the token.
      const received = { code: '53300', onTheWire: false, readable: true, startUp: true };
      await expect(logIn('127.0.0.1')).resolves.toEqual(received);
      // The driver itself gives up, before it names who wants to log in.
      const kept = { code: 'ENTRA_INSECURE_CONNECTION', onTheWire: false, readable: false, startUp: false };
      await expect(logIn(unnamedAddress)).resolves.toEqual(kept);
    } finally {
      await server.stop();
    }
  });

  it('passes events on to its event emitter, and is healthy for its Terminus while a token serves', async () => {
    await expect(app.outputOf('health.cjs')).resolves.toEqual({
      status: 'ok',
      entra: {
        status: 'up',
        state: 'degraded',
        remedy: 'The client secret has expired; create a new one.',
      },
      emitted: ['acquired', 'refresh-failed', 'credential-expired'],
    });
  });

  it('can be tested with jest as it comes', async () => {
    const { exitCode, stderr } = await app.runJest();

    expect(stderr).toContain('Tests:       5 passed, 5 total');
    expect(exitCode).toBe(0);
  });
});
