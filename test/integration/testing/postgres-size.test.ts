import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource } from 'nestjs-entra-auth';
import pg from 'pg';

import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { postgres } from './local-entra.fixture.js';

const slotsForUsers = 35;
const full = {
  code: '53300',
  message:
    'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
};

describe('A local PostgreSQL of the size B1ms', () => {
  const held: pg.Client[] = [];
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: { size: 'B1ms' } });
  });
  afterEach(() => Promise.all(held.splice(0).map((client) => client.end())));
  afterAll(() => entra.stop());

  const server = () => {
    const { host, port, database } = entra.postgres;
    return { host, port, database, ssl: { ca: entra.certificateAuthority } };
  };
  const connect = async (): Promise<void> => {
    const { token } = await entra.credential().getToken(`${postgres}/.default`);
    const client = new pg.Client({ ...server(), user: entra.postgres.username, password: token });
    await client.connect();
    held.push(client);
  };
  /** Slots of clients that have left are free only once their backends have ended. */
  const hold = async (count: number): Promise<void> => {
    const attempt = () => connect().catch((error: { code?: string }) => expect(error.code).toBe('53300'));
    while (held.length < count) await Promise.all(Array.from({ length: count - held.length }, attempt));
  };

  it('takes 35 connections of users, refuses the next as Azure does, and has slots for its superuser', async () => {
    await hold(slotsForUsers);
    await expect(connect()).rejects.toMatchObject(full);
    expect(
      await entra.postgres.query(
        `SELECT current_setting('max_connections') AS all_slots, count(*)::int AS users
         FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'azuresu'`,
      ),
    ).toEqual([{ all_slots: '50', users: slotsForUsers }]);
  });

  it('refuses what a pool opens beyond them, and lets it connect once a slot is free', async () => {
    const dataSource = await createEntraDataSource({
      credential: entra.credential(),
      dataSource: { type: 'postgres', ...server(), username: entra.postgres.username, poolSize: 3 },
    });
    await dataSource.initialize();
    await hold(slotsForUsers - 1);
    const together = () => Promise.allSettled([1, 2].map(() => dataSource.query('SELECT pg_sleep(0.2)')));
    const outcomes = await together();
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: full });
    expect(entra.postgres.logins.refused).toBe(0);
    await held.pop()?.end();
    let later: string[] = [];
    for (let attempts = 0; attempts < 50 && later.join() !== 'fulfilled,fulfilled'; attempts += 1) {
      later = (await together()).map(({ status }) => status);
    }
    expect(later).toEqual(['fulfilled', 'fulfilled']);
    await dataSource.destroy();
  });
});
