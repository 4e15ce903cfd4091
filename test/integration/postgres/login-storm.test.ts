import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseLoginRefusedError, type TokenEvent } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import pg from 'pg';

import { deferred } from '../../../lib/common/deadline.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import {
  createDataSourceFactory,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';

const storm = 500;
const coolDownInMs = 30_000;
const permanentErrorRetryInMs = 300_000;

let entra: LocalEntra;
const pools: pg.Pool[] = [];

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});

afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));

afterAll(() => entra.stop());

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One data source with a pool of its own that is as large as the storm, on a clock that stands still. */
async function createPool(
  dataSource: Record<string, unknown> = {},
  claims: Record<string, unknown> = {},
  together = 1,
): Promise<ReturnType<typeof setUp>> {
  const made = setUp(dataSource, claims);
  await made.open(together);
  return made;
}

function setUp(dataSource: Record<string, unknown>, claims: Record<string, unknown>) {
  const clock = new ManualClock();
  const credential = new HandMadeCredential(entra, { claims }, clock.now);
  const options = { ...localDataSource(entra), connectTimeoutMS: 60_000, ...dataSource };
  const setup = createDataSourceFactory({ credential, clock, dataSource: options, startup: 'lazy' });
  const events: TokenEvent[] = [];
  setup.service.events.subscribe((event) => events.push(event));
  let pool: pg.Pool;
  return {
    ...setup,
    clock,
    credential,
    /** @param together how many of the first logins present their tokens at the same moment */
    open: async (together: number): Promise<void> => {
      const made = await setup.factory.createTypeOrmOptions();
      const { driver, username, extra, connectTimeoutMS, password, ...endpoint } = made as unknown as {
        driver: typeof pg;
        username: string;
        extra: object;
        connectTimeoutMS: number;
        password: (target: object) => Promise<string>;
      };
      const everybody = deferred<void>();
      let present = 0;
      pool = new driver.Pool({
        ...endpoint,
        ...extra,
        user: username,
        // pg tells the function about the connection, and its types do not know it.
        password: (async (target: object) => {
          const token = await password(target);
          present++;
          if (present === together) {
            everybody.resolve();
            // PostgreSQL need not start a process for each of those that log in again.
            pool.options.max = 20;
          }
          await everybody.promise;
          return token;
        }) as () => Promise<string>,
        max: storm,
        connectionTimeoutMillis: connectTimeoutMS,
      });
      pools.push(pool);
    },
    /** Many logins at once, whose connections are not kept; gives the error of each, `undefined` for a good one. */
    logIn: (count: number): Promise<unknown[]> =>
      Promise.all(
        Array.from({ length: count }, () =>
          pool.connect().then(
            (client) => client.release(count < storm),
            (error: unknown) => error,
          ),
        ),
      ),
    /** Replaces the token that the credential gave last; it is not held any more. */
    revokeHeld: async (): Promise<void> =>
      entra.postgres.revoke((await setup.service.getToken('postgres')).token),
    outcomes: (outcome: string): number => setup.logins.filter((login) => login.outcome === outcome).length,
    forced: (): number => events.filter(({ type }) => type === 'rejected').length,
  };
}

describe(`${storm} logins that are refused together`, () => {
  it('cost one new token when the token was revoked, and all of them succeed', async () => {
    const pool = await createPool({}, {}, storm);
    await pool.revokeHeld();
    expect(await pool.logIn(storm)).toEqual(Array(storm).fill(undefined));
    expect(pool.outcomes('refused')).toBe(storm);
    expect([pool.forced(), pool.credential.calls]).toEqual([1, 2]);
  });

  it('cost one new token and one more login when the role is wrong, and another now and then', async () => {
    const pool = await createPool({ username: 'nobody' }, {}, storm);
    for (const error of await pool.logIn(storm)) expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect([pool.forced(), pool.credential.calls]).toEqual([1, 2]);
    expect(pool.outcomes('refused')).toBe(storm + 1);
    for (const later of [1, coolDownInMs]) {
      await pool.clock.advance(later);
      for (const error of await pool.logIn(20)) expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    }
    // No token was replaced: each login presented one, once.
    expect([pool.forced(), pool.credential.calls]).toEqual([1, 2]);
    expect(pool.outcomes('refused')).toBe(storm + 1 + 40);
    await pool.clock.advance(permanentErrorRetryInMs);
    for (const error of await pool.logIn(20)) expect(error).toBeInstanceOf(DatabaseLoginRefusedError);
    expect([pool.forced(), pool.credential.calls]).toEqual([2, 3]);
  });
});

describe('a role that was refused', () => {
  it('is believed again as soon as it is accepted', async () => {
    const pool = await createPool({ username: 'late' });
    expect(await pool.logIn(1)).toEqual([expect.any(DatabaseLoginRefusedError)]);
    await entra.postgres.createRole({ name: 'late', objectId: entra.client.objectId });
    expect(await pool.logIn(1)).toEqual([undefined]);
    expect([pool.forced(), pool.credential.calls]).toEqual([1, 2]);
    await pool.clock.advance(coolDownInMs);
    await pool.revokeHeld();
    expect(await pool.logIn(1)).toEqual([undefined]);
    expect([pool.forced(), pool.credential.calls]).toEqual([2, 3]);
  });

  it('although it worked before, gets another token at the pace of permanent errors', async () => {
    const pool = await createPool();
    await pool.logIn(1);
    await pool.revokeHeld();
    // The token that takes its place is revoked as well.
    const stop = pool.service.events.subscribe(() => void pool.revokeHeld());
    expect(await pool.logIn(1)).toEqual([expect.any(DatabaseLoginRefusedError)]);
    stop.unsubscribe();
    expect(pool.forced()).toBe(1);
    await pool.clock.advance(coolDownInMs);
    expect(await pool.logIn(1)).toEqual([expect.any(DatabaseLoginRefusedError)]);
    expect(pool.forced()).toBe(1);
    await pool.clock.advance(permanentErrorRetryInMs);
    expect(await pool.logIn(1)).toEqual([undefined]);
    expect(pool.forced()).toBe(2);
  });
});

describe('a refusal that no token can help', () => {
  it('"no pg_hba.conf entry", costs no token and no second login', async () => {
    const pool = await createPool({ dangerouslySendTokenWithoutVerifiedTls: true, ssl: false });
    for (const error of await pool.logIn(50)) {
      expect(error).toMatchObject({ sqlState: '28000', message: expect.stringMatching(/no encryption/) });
      expect(error).toHaveProperty('fix', expect.stringMatching(/refused before it checked the token/));
    }
    expect([pool.outcomes('refused'), pool.forced(), pool.credential.calls]).toEqual([50, 0, 0]);
  });
});

describe('a new token that does not come', () => {
  it('does not keep a login beyond its own deadline, and the refusal is what it gets', async () => {
    const pool = await createPool();
    await pool.revokeHeld();
    const firstToken = pool.credential.calls;
    pool.credential.getToken = () => {
      pool.credential.calls++;
      return new Promise(() => undefined);
    };
    const settled: unknown[] = [];
    entra.postgres.pause();
    const errors = pool.logIn(1).then((result) => settled.push(...result));
    // The server takes its time to refuse.
    await pool.clock.advance(45_000);
    entra.postgres.resume();
    while (pool.credential.calls === firstToken) await nextTurn();
    await pool.clock.advance(14_999);
    expect(settled).toEqual([]);
    await pool.clock.advance(1);
    await errors;
    expect(settled).toEqual([expect.any(DatabaseLoginRefusedError)]);
    const closed = pool.service.onApplicationShutdown();
    await pool.clock.advance(2_000);
    await closed;
  });
});

describe('a second login that does not end', () => {
  it('does not keep the caller beyond the deadline of the first, and serves the next one when it comes', async () => {
    const pool = await createPool();
    await pool.revokeHeld();
    const getToken = pool.credential.getToken.bind(pool.credential);
    pool.credential.getToken = async () => {
      // The server stops answering before the second login, and the token takes its time.
      entra.postgres.pause();
      await pool.clock.advance(10_000);
      return getToken();
    };
    try {
      const settled: unknown[] = [];
      const errors = pool.logIn(1).then((result) => settled.push(...result));
      while (pool.credential.calls < 2) await nextTurn();
      // What remains is the deadline: the second login waits for the server.
      while (pool.clock.pendingTimers !== 1) await nextTurn();
      await pool.clock.advance(49_999);
      expect(settled).toEqual([]);
      await pool.clock.advance(1);
      await errors;
      expect(settled).toEqual([expect.any(DatabaseLoginRefusedError)]);
    } finally {
      entra.postgres.resume();
    }
    while (pool.outcomes('accepted') === 0) await nextTurn();
    expect(await pool.logIn(1)).toEqual([undefined]);
    expect([pool.outcomes('refused'), pool.outcomes('accepted')]).toEqual([1, 1]);
    // A connection that is closed waits a moment for the server to say that it has ended.
    while (pool.clock.pendingTimers > 0) await nextTurn();
  });
});

describe('the error of a refused login', () => {
  it.each([
    [{ idtyp: 'app' }, 'service'],
    [{ idtyp: 'user', upn: "O'role" }, 'user'],
  ])('of %j tells whose login it was, why, and the SQL for a "%s"', async (claims, type) => {
    const pool = await createPool({ username: "o'Role" }, claims);
    await pool.service.getToken('postgres');
    await pool.clock.advance(7_000);
    const [error] = (await pool.logIn(1)) as [DatabaseLoginRefusedError];
    const { objectId } = entra.client;
    expect(error).toMatchObject({
      role: "o'Role",
      resource: 'postgres',
      host: 'localhost',
      sqlState: '28P01',
    });
    expect(error.cause).toBeInstanceOf(pg.DatabaseError);
    expect(error.cause).toMatchObject({ code: '28P01', severity: 'FATAL' });
    for (const part of [
      `the role "o'Role" to "${entra.postgres.database}" on localhost:${entra.postgres.port}`,
      'access token of the resource "postgres"',
      `Likely causes: the role does not exist; it belongs to another principal than the token with the object id "${objectId}"; the token was revoked`,
      `select * from pgaadauth_create_principal_with_oid('o''Role', '${objectId}', '${type}', false, false);`,
    ]) {
      expect(error.message).toContain(part);
    }
    // The second token's issuer lives by the machine's clock, which is seven seconds behind by now.
    expect(error.message).toMatch(
      /The token was obtained 0 s ago and by this machine's clock is valid for another 359\d s\./,
    );
    expect(pool.logins[0]?.error?.message).toContain('The token was obtained 7 s ago');
  });
});
