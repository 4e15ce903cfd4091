import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EntraOptionsError,
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from 'nestjs-entra-auth';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';

import { systemClock } from '../../../lib/common/clock.js';
import { deferred } from '../../../lib/common/deadline.js';
import { encodeRecord } from '../../../lib/store/refresh-token-record.js';
import { DatabaseLock } from '../../../lib/store/typeorm/database-lock.js';
import { DatabaseSession } from '../../../lib/store/typeorm/database-session.js';
import {
  CreateEntraRefreshToken1763683200000,
  EntraRefreshTokenEntity,
  TypeOrmRefreshTokenStore,
  type TypeOrmRefreshTokenStoreOptions,
} from '../../../lib/store/typeorm/index.js';
import { RefreshTokenRow } from '../../../lib/store/typeorm/refresh-token-row.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { SecretScan } from '../../support/secret-scan.js';
import { grant, Places } from './stores.fixture.js';

const places = new Places();
let dataSource: DataSource;

beforeAll(async () => {
  await places.start();
  dataSource = await places.connect({ poolSize: 4 });
});
afterAll(() => places.stop());

const open = (name: string = randomUUID(), source = dataSource) =>
  new TypeOrmRefreshTokenStore({ dataSource: source, name });

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as Error,
  );
}

/** Ends the connections of a data source that are, or are not, within a transaction. */
function terminate(state: 'idle in transaction' | 'idle', application: string): Promise<unknown> {
  return places.server.session((client) =>
    client.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state = $1 AND application_name = $2',
      [state, application],
    ),
  );
}

/** Lets the connection that comes after those of `exclusive` arrive only when it is told to. */
function holdBackThird(source: DataSource): { asked: Promise<void>; arrive: () => void } {
  const driver = source.driver as unknown as { obtainMasterConnection(): Promise<unknown> };
  const obtain = driver.obtainMasterConnection.bind(driver);
  const [asked, arrival] = [deferred<void>(), deferred<void>()];
  let opened = 0;
  driver.obtainMasterConnection = async () => {
    if (++opened > 2) {
      asked.resolve();
      await arrival.promise;
    }
    return obtain();
  };
  return { asked: asked.promise, arrive: () => arrival.resolve() };
}

describe('the table', () => {
  it('is what the entity describes, so that no other migration is generated', async () => {
    const schema = `s${randomUUID().slice(0, 8)}`;
    await dataSource.query(`CREATE SCHEMA ${schema}`);
    const options = {
      schema,
      entityPrefix: 'app_',
      entities: [EntraRefreshTokenEntity],
      migrations: [CreateEntraRefreshToken1763683200000],
    } as Partial<DataSourceOptions>;
    const own = await places.connect(options);
    await own.runMigrations();

    const { upQueries } = await own.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const saved = await open('row', own).save(grant('token'), undefined);
    const rows = await own.getRepository(EntraRefreshTokenEntity).find();
    expect(rows).toEqual([
      {
        name: 'row',
        version: saved.version,
        record: expect.stringContaining('token'),
        saved: expect.any(Date),
      },
    ]);
    expect(Math.abs(Date.now() - rows[0]!.saved.getTime())).toBeLessThan(60_000);

    await own.undoLastMigration();
    const left = await own.query<unknown[]>(
      'SELECT 1 FROM information_schema.tables WHERE table_schema = $1',
      [schema],
    );
    // The table of migrations.
    expect(left).toHaveLength(1);
  });

  it('is named with its migration when it is missing', async () => {
    const schema = `s${randomUUID().slice(0, 8)}`;
    await dataSource.query(`CREATE SCHEMA ${schema}`);
    const store = open('row', await places.connect({ schema }));

    for (const error of [await errorOf(store.load()), await errorOf(store.save(grant(), undefined))]) {
      expect(error).toBeInstanceOf(RefreshTokenStoreError);
      expect(error).toMatchObject({ retryable: false });
      expect(error.message).toContain('CreateEntraRefreshToken1763683200000');
    }
  });
});

describe('a row', () => {
  it('is not overwritten when it is damaged', async () => {
    const store = open('damaged');
    const { version } = await store.save(grant('secret-token'), undefined);
    await dataSource.query(
      `UPDATE entra_refresh_token SET record = replace(record, 'secret-', 'secreT-') WHERE name = 'damaged'`,
    );

    for (const error of [await errorOf(store.load()), await errorOf(store.save(grant(), version))]) {
      expect(error).toBeInstanceOf(RefreshTokenUnreadableError);
      expect(error.message).not.toMatch(/secret-/i);
    }
    expect(
      await dataSource.query(`SELECT 1 FROM entra_refresh_token WHERE record LIKE '%secreT-%'`),
    ).toHaveLength(1);
  });

  it('is a conflict when it was written past the lock, or removed', async () => {
    const name = randomUUID();
    const store = open(name);
    const { version } = await store.save(grant(), undefined);
    const error = await errorOf(
      store.exclusive(async (access) => {
        await dataSource.query('DELETE FROM entra_refresh_token WHERE name = $1', [name]);
        return access.save(grant(), version);
      }),
    );

    expect(error).toBeInstanceOf(RefreshTokenConflictError);
  });

  it.each([
    ['removed', 'DELETE FROM entra_refresh_token WHERE name = $1', 'first'],
    ['replaced', `UPDATE entra_refresh_token SET version = 'other' WHERE name = $1`, 'first'],
    ['made', `INSERT INTO entra_refresh_token (name, version, record) VALUES ($1, 'other', '{}')`, undefined],
  ])('is a conflict when it was %s between the look at it and the write', async (_, statement, before) => {
    const name = randomUUID();
    const saved = before === undefined ? undefined : await open(name).save(grant(before), undefined);
    const session = await DatabaseSession.open(dataSource, systemClock, new AbortController().signal);
    const query = session.query.bind(session);
    session.query = async (text, parameters) => {
      const rows = await query(text, parameters);
      if (text.startsWith('SELECT')) await dataSource.query(statement, [name]);
      return rows;
    };
    const row = new RefreshTokenRow('entra_refresh_token', name);
    const writing = row.write(session, encodeRecord(grant('second')), saved?.version);
    expect(await errorOf(writing)).toBeInstanceOf(RefreshTokenConflictError);
    session.close();
  });

  it('is independent of the others: one grant does not wait for another', async () => {
    const inner = open().exclusive(() =>
      open().exclusive(() => Promise.resolve('both'), { timeoutInMs: 5000 }),
    );
    await expect(inner).resolves.toBe('both');
  });
});

describe('a lost connection', () => {
  it('lets go of the lock; what was redeemed can still be saved, but nothing begins any more', async () => {
    const name = randomUUID();
    const own = await places.connect({ applicationName: name });
    const store = open(name, own);
    const { version } = await store.save(grant('first'), undefined);

    await store.exclusive(async (access) => {
      await terminate('idle in transaction', name);
      // The other replica has it at once.
      await open(name).exclusive((other) => other.load(), { timeoutInMs: 5000 });
      const loading = await errorOf(access.load());
      expect(loading).toBeInstanceOf(RefreshTokenStoreError);
      expect(loading).toMatchObject({ retryable: true });
      await access.save(grant('redeemed'), version);
    });

    expect((await store.load())?.value.refreshToken).toBe('redeemed');
  });

  it('is replaced for a save', async () => {
    const name = randomUUID();
    const own = await places.connect({ applicationName: name });
    const store = open(name, own);
    await store.exclusive(async (access) => {
      await terminate('idle', name);
      await access.save(grant('saved'), undefined);
    });

    expect((await open(name).load())?.value.refreshToken).toBe('saved');
  });

  it('does not make a save that was committed a conflict', async () => {
    const name = randomUUID();
    const own = await places.connect({ applicationName: name });
    // Loses the connection after the write, before the answer comes.
    const driver = own.driver as unknown as {
      obtainMasterConnection(): Promise<[CuttableClient, () => void]>;
    };
    const obtain = driver.obtainMasterConnection.bind(driver);
    let cuts = 0;
    driver.obtainMasterConnection = async () => {
      const [client, release] = await obtain();
      const query = client.query.bind(client);
      client.query = async (...args) => {
        const result = await query(...args);
        if (!args[0].startsWith('INSERT') || cuts++ > 0) return result;
        client.connection.stream.destroy();
        throw new Error('Connection terminated unexpectedly');
      };
      return [client, release];
    };

    const saved = await open(name, own).save(grant('committed'), undefined);

    expect(cuts).toBe(1);
    expect(await open(name).load()).toEqual(saved);
  });

  it('is noticed by the server also when the machine of the holder is gone without a word', async () => {
    const clock = new ManualClock();
    const session = await DatabaseSession.open(dataSource, clock, AbortSignal.timeout(5000));
    const lock = await DatabaseLock.acquire(session, 'watched', 1234, clock);

    await expect(session.query('SHOW idle_in_transaction_session_timeout')).resolves.toEqual([
      { idle_in_transaction_session_timeout: '15s' },
    ]);
    await expect(session.query('SHOW lock_timeout')).resolves.toEqual([{ lock_timeout: '1234ms' }]);
    // A sign of life every three seconds, and no timer in the end.
    expect(clock.pendingTimers).toBe(1);
    for (let heartbeat = 0; heartbeat < 3; heartbeat++) {
      await clock.advance(3000);
      await session.query('SELECT 1');
      await setImmediate();
      expect(clock.pendingTimers).toBe(1);
    }
    await lock.release();
    expect(clock.pendingTimers).toBe(0);
    await expect(dataSource.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).resolves.toEqual([]);
  });
});

interface CuttableClient {
  query(text: string, values?: unknown[]): Promise<unknown>;
  connection: { stream: { destroy(): void } };
}

describe('the pool', () => {
  it('is not exhausted by many who wait, and gets back what was taken', async () => {
    const names = [randomUUID(), randomUUID()];
    const work = Array.from({ length: 20 }, (_, n) =>
      open(names[n % 2]).exclusive((access) => access.load()),
    );
    await Promise.all(work);

    const pool = (dataSource.driver as unknown as { master: Record<string, number> }).master;
    expect(pool).toMatchObject({ waitingCount: 0 });
    expect(pool['idleCount']).toBe(pool['totalCount']);
  });

  it('gives its last two connections to one of those who come together, and not one to each', async () => {
    const own = await places.connect({ poolSize: 2 });
    const loads = [1, 2, 3].map(() => open(undefined, own).exclusive((access) => access.load()));
    await expect(Promise.all(loads)).resolves.toEqual([undefined, undefined, undefined]);
  });

  it('gets no connection back that still owes an answer', async () => {
    const own = await places.connect();
    const session = await DatabaseSession.open(own, new ManualClock(), AbortSignal.timeout(5000));
    const asleep = errorOf(session.query('SELECT pg_sleep(60)'));
    const behind = errorOf(session.query('SELECT 1'));
    await setImmediate();
    session.close();

    await expect(own.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect((await asleep).message).toMatch(/Connection terminated/);
    expect((await behind).message).toMatch(/given back|terminated/);
  });

  it('is not waited for without end by a save that lost its own', async () => {
    const name = randomUUID();
    const own = await places.connect({ applicationName: name });
    const clock = new ManualClock();
    const third = holdBackThird(own);
    await new TypeOrmRefreshTokenStore({ dataSource: own, name, clock }).exclusive(async (access) => {
      await terminate('idle', name);
      const saving = errorOf(access.save(grant(), undefined));
      await third.asked;
      await clock.advance(10_000);
      expect(await saving).toMatchObject({
        message: expect.stringMatching(
          /Timed out after 10000 ms waiting for a connection of the data source/,
        ),
      });
    });
    third.arrive();
    // Waits for every connection that was taken from the pool.
    await own.destroy();
  });

  it('gets back what a save opens that was given up', async () => {
    const name = randomUUID();
    const own = await places.connect({ applicationName: name });
    const third = holdBackThird(own);
    let saving: Promise<Error> | undefined;
    await open(name, own).exclusive(async (access) => {
      await terminate('idle', name);
      saving = errorOf(access.save(grant(), undefined));
      await third.asked;
    });
    third.arrive();

    expect((await saving)?.message).toMatch(/has ended/);
    // Waits for every connection that was taken from the pool.
    await own.destroy();
  });

  it('without two free connections is named in the error', async () => {
    const busy = await places.connect({ poolSize: 2 });
    const [first, second] = [busy.createQueryRunner(), busy.createQueryRunner()];
    await first.connect();
    const error = await errorOf(open('x', busy).exclusive(() => Promise.resolve(), { timeoutInMs: 50 }));
    await first.release();
    await second.release();

    expect(error).toBeInstanceOf(RefreshTokenStoreError);
    expect(error.message).toContain('"poolSize"');
    await expect(
      open('x', busy).exclusive(() => Promise.resolve('free'), { timeoutInMs: 5000 }),
    ).resolves.toBe('free');
  });
});

describe('the database', () => {
  it('that is down is a failure that passes', async () => {
    const own = await places.connect();
    await own.destroy();
    const error = await errorOf(open('x', own).load());
    expect(error).toBeInstanceOf(RefreshTokenStoreError);
    expect(error).toMatchObject({ retryable: true, fix: expect.stringContaining('initialize()') });
  });

  it('that cannot be reached is a failure that passes', async () => {
    const own = await places.connect();
    const pool = (own.driver as unknown as { master: { options: { port: number; host: string } } }).master;
    const listener = createServer((socket) => socket.destroy());
    const port = await new Promise<number>((resolve) => {
      listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
    });
    // The one connection that leads to the right server is in use.
    const taken = own.createQueryRunner();
    await taken.connect();
    pool.options.port = port;
    for (const error of [
      await errorOf(open('x', own).load()),
      await errorOf(open('x', own).save(grant(), undefined)),
    ]) {
      expect(error).toBeInstanceOf(RefreshTokenStoreError);
      expect(error).toMatchObject({ retryable: true, cause: expect.any(Error) });
    }
    await taken.release();
    await new Promise((resolve) => listener.close(resolve));
  });
});

describe('secrets', () => {
  it('stay out of the log of TypeORM, of errors and of the store', async () => {
    const scan = new SecretScan();
    // Not the query runner, which TypeORM hands over too: it has the password of the data source.
    const log = (...said: unknown[]): void =>
      said
        .filter((one) => typeof one !== 'object' || Array.isArray(one))
        .forEach((one) => scan.value('the log', one));
    const logger: Logger = {
      logQuery: log,
      logQueryError: log,
      logQuerySlow: log,
      logSchemaBuild: log,
      logMigration: log,
      log,
    };
    const own = await places.connect({ logging: 'all', maxQueryExecutionTime: 1, logger });
    const secret = grant();
    scan.protect({ 'refresh token': secret.refreshToken });
    const store = open(randomUUID(), own);
    const { version } = await store.save(secret, undefined);
    await store.load();
    scan.value('a conflict', await errorOf(store.save(secret, undefined)));
    await dataSource.query(
      `ALTER TABLE entra_refresh_token ADD CONSTRAINT no_more CHECK (record = '') NOT VALID`,
    );
    const failure = await errorOf(store.save(secret, version));
    await dataSource.query('ALTER TABLE entra_refresh_token DROP CONSTRAINT no_more');
    scan.value('a failure', failure);
    scan.value('the store', store);

    expect(failure).toBeInstanceOf(RefreshTokenStoreError);
    expect(failure.message).toContain('23514');
    expect(scan.length).toBeGreaterThan(500);
    expect(scan.leaks()).toEqual([]);
  });
});

describe('the options', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'options'],
    ['no data source', {}, 'dataSource'],
    ['another database', { dataSource: new DataSource({ type: 'mysql' }) }, 'dataSource'],
    ['a pool of one', { dataSource: new DataSource({ type: 'postgres', poolSize: 1 }) }, 'dataSource'],
    [
      'a pool of one by the option of pg',
      { dataSource: new DataSource({ type: 'postgres', extra: { max: 1 } }) },
      'dataSource',
    ],
    ['an empty name', { dataSource: new DataSource({ type: 'postgres' }), name: '' }, 'name'],
  ])('are refused by name: %s', (_, options, option) => {
    const make = (): unknown => new TypeOrmRefreshTokenStore(options as TypeOrmRefreshTokenStoreOptions);
    expect(make).toThrow(EntraOptionsError);
    expect(make).toThrow(`"${option}"`);
  });
});
