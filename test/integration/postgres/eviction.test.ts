import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evictConnections } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { Pool, PoolClient } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

import {
  createDataSourceFactory,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: { rights: 'migrations' } });
});

afterAll(() => entra.stop());

async function connect(): Promise<DataSource> {
  const setup = createDataSourceFactory({
    credential: new HandMadeCredential(entra),
    dataSource: { ...localDataSource(entra), poolSize: 2 },
  });
  return new DataSource((await setup.factory.createTypeOrmOptions()) as DataSourceOptions).initialize();
}

const backendOf = async (runner: Pick<DataSource, 'query'>): Promise<number | undefined> =>
  (await runner.query<{ pid: number }[]>('select pg_backend_pid() as pid'))[0]?.pid;

const isAlive = async (pid: number | undefined): Promise<boolean> =>
  (await entra.postgres.query('select 1 from pg_stat_activity where pid = $1', [pid])).length > 0;

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

describe('evicting connections', () => {
  it('closes the idle ones, and new work gets new ones', async () => {
    const dataSource = await connect();
    const before = await backendOf(dataSource);
    expect(await backendOf(dataSource)).toBe(before);
    expect(evictConnections(dataSource)).toBe(1);
    expect(await backendOf(dataSource)).not.toBe(before);
    await until(async () => !(await isAlive(before)));
    await dataSource.destroy();
  });

  it('lets those in use finish, and closes them then', async () => {
    const dataSource = await connect();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const busy = await backendOf(runner);
    evictConnections(dataSource);
    expect(await backendOf(dataSource)).not.toBe(busy);
    expect(await backendOf(runner)).toBe(busy);
    await runner.commitTransaction();
    await runner.release();
    await until(async () => !(await isAlive(busy)));
    await dataSource.destroy();
  });

  it('hands out no connection that was retired during its login after its caller gave up', async () => {
    const dataSource = await connect();
    const pool = (dataSource.driver as unknown as { master: Pool }).master;
    evictConnections(dataSource);
    await until(() => Promise.resolve(pool.totalCount === 0));
    const late = new Promise<PoolClient & { processID?: number }>((resolve) =>
      pool.once('release', (_problem: unknown, client: PoolClient) => resolve(client)),
    );
    // What the pool of pg does for one who has waited in its queue for nearly as long as is allowed.
    (Reflect.get(pool, 'newClient') as (waiting: object) => void).call(pool, {
      callback: () => undefined,
      timedOut: true,
    });
    evictConnections(dataSource);
    const { processID } = await late;
    expect(processID).toBeGreaterThan(0);
    expect(await backendOf(dataSource)).not.toBe(processID);
    await until(async () => !(await isAlive(processID)));
    await dataSource.destroy();
  });

  it('happens when the server turns out to be read-only after a failover', async () => {
    const dataSource = await connect();
    await dataSource.query('set default_transaction_read_only = on');
    const before = await backendOf(dataSource);
    await expect(dataSource.query('create table t ()')).rejects.toMatchObject({ code: '25006' });
    expect(await backendOf(dataSource)).not.toBe(before);
    await dataSource.query('create table t ()');
    await dataSource.destroy();
  });

  it('happens when the server restarts: not one query fails afterwards', async () => {
    const dataSource = await connect();
    await Promise.all([dataSource.query('select pg_sleep(0.05)'), dataSource.query('select pg_sleep(0.05)')]);
    await entra.postgres.restart();
    for (let n = 0; n < 5; n++) expect(await backendOf(dataSource)).toBeGreaterThan(0);
    await dataSource.destroy();
  });

  it('leaves other errors alone', async () => {
    const dataSource = await connect();
    const before = await backendOf(dataSource);
    await expect(dataSource.query('select nothing')).rejects.toMatchObject({ code: '42703' });
    expect(await backendOf(dataSource)).toBe(before);
    await dataSource.destroy();
  });
});
