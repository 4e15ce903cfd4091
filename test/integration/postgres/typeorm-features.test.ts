import { once } from 'node:events';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createEntraDataSource, evictConnections } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';

import { HandMadeCredential, localDataSource } from '../../support/local-database.js';

let entra: LocalEntra;
let dataSource: DataSource;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: { rights: 'migrations' } });
  dataSource = await createEntraDataSource({
    credential: new HandMadeCredential(entra),
    dataSource: { ...localDataSource(entra), poolSize: 3 },
  });
  await dataSource.initialize();
  await dataSource.query('create table item (name text primary key)');
});

beforeEach(() => dataSource.query('truncate item'));

afterAll(async () => {
  await dataSource?.destroy();
  await entra.stop();
});

const names = async (): Promise<string[]> =>
  (await dataSource.query<{ name: string }[]>('select name from item order by name')).map(({ name }) => name);

/** What a query runner's connection holds on to while others come and go. */
async function borrowed(): Promise<{ client: PoolClient; giveBack: () => Promise<void> }> {
  const runner = dataSource.createQueryRunner();
  return { client: (await runner.connect()) as PoolClient, giveBack: () => runner.release() };
}

describe('transactions', () => {
  it('commit all or nothing', async () => {
    await dataSource.transaction((manager) => manager.query(`insert into item values ('kept')`));
    const failure = dataSource.transaction(async (manager) => {
      await manager.query(`insert into item values ('lost')`);
      await manager.query(`insert into item values ('kept')`);
    });
    await expect(failure).rejects.toMatchObject({ code: '23505' });
    expect(await names()).toEqual(['kept']);
  });

  it('roll back to a savepoint', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.query(`insert into item values ('outer')`);
      const inner = manager.transaction(async (nested) => {
        await nested.query(`insert into item values ('inner')`);
        throw new Error('no');
      });
      await expect(inner).rejects.toThrow('no');
    });
    expect(await names()).toEqual(['outer']);
  });

  it('go on to their end on a connection that was retired meanwhile', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.query(`insert into item values ('before')`);
      evictConnections(dataSource);
      await manager.query(`insert into item values ('after')`);
    });
    expect(await names()).toEqual(['after', 'before']);
  });
});

describe('notifications', () => {
  it('are heard by a connection that listens, also when the pool has let go of it', async () => {
    const { client, giveBack } = await borrowed();
    await client.query('listen news');
    for (const payload of ['one', 'two']) {
      const heard = once(client, 'notification');
      await dataSource.query(`select pg_notify('news', $1)`, [payload]);
      expect(await heard).toEqual([expect.objectContaining({ channel: 'news', payload })]);
      evictConnections(dataSource);
    }
    await giveBack();
  });
});

describe('streams', () => {
  it('read more than any buffer holds, row by row', async () => {
    const runner = dataSource.createQueryRunner();
    const stream = await runner.stream(
      `select n, repeat('x', 10000) as text from generate_series(1, 2000) n`,
    );
    let rows = 0;
    for await (const { n } of stream as AsyncIterable<{ n: number }>) {
      expect(n).toBe(++rows);
      if (rows === 1) evictConnections(dataSource);
    }
    expect(rows).toBe(2_000);
    await runner.release();
  });

  it('tell their reader of an error in the middle, and the connection serves again', async () => {
    const runner = dataSource.createQueryRunner();
    const stream = await runner.stream('select 1 / (500 - n) as n from generate_series(1, 1000) n');
    let rows = 0;
    const read = async (): Promise<void> => {
      for await (const _ of stream) rows++;
    };
    await expect(read()).rejects.toMatchObject({ code: '22012' });
    expect(rows).toBeLessThan(500);
    expect(await runner.query('select 1 as n')).toEqual([{ n: 1 }]);
    await runner.release();
  });
});
