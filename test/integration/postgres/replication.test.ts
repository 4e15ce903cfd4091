import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra, type LocalPostgres } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { startLocalPostgres } from '../../../lib/testing/postgres/index.js';
import { startWatchdog } from '../../../lib/testing/watchdog.js';
import { databaseAudience, HandMadeCredential, localDataSource } from '../../support/local-database.js';

const hour = 3_600_000;
const clock = new ManualClock();
let entra: LocalEntra;
let replica: { server: LocalPostgres; ca: string; stop: () => Promise<void> };

/** Another server, by another name and with a certificate of another authority, that takes tokens of the same Entra. */
async function startReplica(): Promise<typeof replica> {
  const authority = new CertificateAuthority();
  const watchdog = startWatchdog();
  const { name, objectId } = entra.client;
  const server = await startLocalPostgres({
    options: {},
    defaultRole: { name, objectId },
    tls: authority.issueServerCertificate(),
    verifyToken: (token) => entra.verifyToken(token, { audience: databaseAudience }),
    watchdog,
    now: clock.now,
    backdatedBySeconds: 300,
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await watchdog.close();
  };
  return { server, ca: authority.certificate, stop };
}

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true, clock });
  replica = await startReplica();
});

afterAll(async () => {
  await replica?.stop();
  await entra.stop();
});

async function onNewConnection(dataSource: DataSource, mode: 'master' | 'slave', sql: string) {
  const runner = dataSource.createQueryRunner(mode);
  try {
    return (await runner.query(sql)) as unknown;
  } finally {
    await runner.release();
  }
}

describe('a master and a replica on different hosts', () => {
  it('both take new logins with one token, and still do after it has expired twice', async () => {
    const credential = new HandMadeCredential(entra, {}, clock.now);
    const { type, ...master } = localDataSource(entra);
    const slave = {
      ...master,
      host: '127.0.0.1',
      port: replica.server.port,
      ssl: { ca: replica.ca },
    };
    const dataSource = await createEntraDataSource({
      credential,
      clock,
      // Every use is a login.
      dataSource: { type, replication: { master, slaves: [slave] }, extra: { maxUses: 1 } },
    });
    await dataSource.initialize();
    const marker = randomUUID();
    await replica.server.query(`create table here as select '${marker}' as name`);
    await entra.postgres.query("create table here as select 'the master' as name");
    for (const server of [entra.postgres, replica.server])
      await server.query('grant select on here to public');

    for (let life = 1; life <= 3; life++) {
      expect(await onNewConnection(dataSource, 'master', 'select name from here')).toEqual([
        { name: 'the master' },
      ]);
      expect(await onNewConnection(dataSource, 'slave', 'select name from here')).toEqual([{ name: marker }]);
      // Reads go to the replica by themselves, and writes to the master.
      const read = dataSource.createQueryBuilder().select('name').from('here', 'here');
      expect(await read.getRawMany()).toEqual([{ name: marker }]);
      expect(credential.calls).toBe(life);
      await clock.advance(hour);
    }

    await dataSource.destroy();
    for (const { logins } of [entra.postgres, replica.server]) {
      expect(logins.refused).toBe(0);
      expect(logins.accepted).toBeGreaterThanOrEqual(4);
    }
  });
});
