import 'reflect-metadata';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CreateEntraSignIn1795914000000 } from 'nestjs-entra-auth/typeorm';
import type { EntraUserTokenService } from 'nestjs-entra-auth/users';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { deferred } from '../../../lib/common/deadline.js';
import type { EnvironmentVariables } from '../../../sample-app/config/environment-variables.js';
import { DigestJob } from '../../../sample-app/mail/digest.job.js';
import { DigestsService } from '../../../sample-app/mail/digests.service.js';
import { MailDigest } from '../../../sample-app/mail/mail-digest.entity.js';
import type { MailService } from '../../../sample-app/mail/mail.service.js';
import { CreateMailDigests1796000000000 } from '../../../sample-app/mail/migrations/1796000000000-create-mail-digests.js';
import { startTestServer, type TestServer } from '../testing/postgres.fixture.js';

const persons = ['ada', 'ben', 'cleo'];
const lockHolders = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted`;

describe('the digest job of the sample, on two replicas', () => {
  let server: TestServer;
  let sources: DataSource[];
  let read: string[];
  let beforeAnswer: () => Promise<void>;

  beforeAll(async () => {
    server = await startTestServer({ rights: 'migrations' });
    const { host, port, database, user: username, password, ssl } = server.client();
    const options = {
      ...{ type: 'postgres', host, port, database, username, password, ssl },
      entities: [MailDigest],
      migrations: [CreateEntraSignIn1795914000000, CreateMailDigests1796000000000],
    } as DataSourceOptions;
    sources = [0, 1].map(() => new DataSource(options));
    for (const source of sources) await source.initialize();
    await sources[0]!.runMigrations();
    for (const person of persons) {
      const insert = `INSERT INTO entra_sign_in (name, version, record) VALUES ($1, '1', '{}')`;
      await sources[0]!.query(insert, [person]);
    }
    Logger.overrideLogger(false);
  });
  afterAll(async () => {
    for (const source of sources) await source.destroy();
    await server.stop();
  });
  beforeEach(() => {
    read = [];
    beforeAnswer = () => Promise.resolve();
  });
  afterEach(() => sources[0]!.query('DELETE FROM mail_digests'));

  const replica = (source: DataSource): DigestJob => {
    const users = {
      listSignIns: ({ after }: { after?: string }) =>
        Promise.resolve(after === undefined ? persons.map((userKey) => ({ userKey })) : []),
      forUser: (userKey: string) => userKey,
    } as unknown as EntraUserTokenService;
    const mail = {
      newest: async (userKey: string) => {
        read.push(userKey);
        await beforeAnswer();
        return [];
      },
    } as unknown as MailService;
    const digests = new DigestsService(source.getRepository(MailDigest), source);
    const config = new ConfigService<EnvironmentVariables, true>({ DIGEST_INTERVAL_SECONDS: 60 });
    return new DigestJob(users, mail, digests, new SchedulerRegistry(), config);
  };
  /** Two replicas, the first of which is reading the mail of the first person. */
  const begin = async () => {
    const [first, second] = sources.map(replica) as [DigestJob, DigestJob];
    const { promise: answered, resolve: answer } = deferred<void>();
    const { promise: asked, resolve: ask } = deferred<void>();
    beforeAnswer = () => {
      ask();
      return answered;
    };
    const running = first.run();
    await asked;
    return { first, second, running, answer };
  };

  it('is done by one at a time, and reads the mail of each person once', async () => {
    const { first, second, running, answer } = await begin();
    await second.run();
    expect(read).toEqual(['ada']);
    answer();
    await running;
    await second.run();
    await first.run();
    expect(read).toEqual(persons);
    expect(await server.session((client) => client.query(lockHolders))).toMatchObject({ rowCount: 0 });
  });

  it('reads again after the interval, and at once who had to sign in', async () => {
    const [first, second] = sources.map(replica) as [DigestJob, DigestJob];
    await first.run();
    await sources[0]!.query(
      `UPDATE mail_digests SET read_at = now() - interval '60 s' WHERE user_key = 'ben'`,
    );
    await sources[0]!.query(`UPDATE mail_digests SET waits_for_sign_in = true WHERE user_key = 'cleo'`);
    read = [];
    await second.run();
    expect(read).toEqual(['ben', 'cleo']);
  });

  it('is taken over from a replica that has lost its connection', async () => {
    const { second, running, answer } = await begin();
    const { rows } = await server.session((client) => client.query<{ pid: number }>(lockHolders));
    expect(rows).toHaveLength(1);
    await server.session((client) => client.query('SELECT pg_terminate_backend($1, 5000)', [rows[0]!.pid]));
    beforeAnswer = () => Promise.resolve();
    await second.run();
    expect(read).toEqual(['ada', ...persons]);
    answer();
    await running;
  });

  it('ends with the application, after the person that it is reading', async () => {
    const { first, running, answer } = await begin();
    first.onModuleDestroy();
    answer();
    await running;
    await first.run();
    expect(read).toEqual(['ada']);
  });
});
