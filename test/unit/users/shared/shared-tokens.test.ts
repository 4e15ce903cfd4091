import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { HeldAccessToken } from '../../../../lib/entra/held-access-token.js';
import { KeyRing, type RefreshTokenKeyRing } from '../../../../lib/store/encrypted/key-ring.js';
import { SharedTokens, type SharedTokenOrder } from '../../../../lib/users/shared/shared-tokens.js';
import { MemoryTokenCache } from '../../../support/users/memory-token-cache.js';

const hour = 3_600_000;
const keyA = randomBytes(32);
const keyB = randomBytes(32);
const resource = { name: 'graph', scopes: ['User.Read'], enableCae: false, expectations: {} };

let clock: ManualClock;
let store: MemoryTokenCache;
let lines: string[];
let fetches: string[];

beforeEach(() => {
  clock = new ManualClock(1_800_000_000_000);
  store = new MemoryTokenCache(clock.now);
  lines = [];
  fetches = [];
});

function replica(ring: RefreshTokenKeyRing = { current: 'a', keys: { a: keyA } }): SharedTokens {
  const write = (line: string): void => void lines.push(line);
  const logger = { debug: write, log: write, warn: write, error: write };
  const settings = { store, keys: new KeyRing(ring), timeoutInMs: 1_000, leaseInMs: 5_000 };
  return new SharedTokens(settings, 'application', clock, logger);
}

const orderOf = (user: string, changes: Partial<SharedTokenOrder> = {}): SharedTokenOrder => ({
  user,
  person: () => `person ${user}`,
  resource,
  endsAt: clock.now() + hour,
  isChallenged: false,
  accepts: () => true,
  isKept: () => true,
  ...changes,
});

function tokenOf(user: string, expiresInMs = hour): HeldAccessToken {
  const token = `${user} ${fetches.push(user)}`;
  return new HeldAccessToken({
    token,
    acquiredAt: clock.now(),
    expiresOnTimestamp: clock.now() + expiresInMs,
  });
}

function throwing(error: unknown): never {
  throw error;
}

const inTurn = <T>(work: () => Promise<T>): Promise<T> => work();

/** Obtains a token, and lets time pass until it is there. */
async function obtain(
  tokens: SharedTokens,
  order: SharedTokenOrder,
  fetch = () => Promise.resolve(tokenOf(order.user)),
): Promise<string> {
  let isOver = false;
  const obtained = tokens.obtain(order, { inTurn, fetch }).finally(() => (isOver = true));
  obtained.catch(() => undefined);
  await clock.advance(0);
  while (!isOver) await clock.advance(5);
  return (await obtained).token;
}

describe('a shared token', () => {
  it('is fetched by one replica and served by the others', async () => {
    const [one, other] = [replica(), replica()];
    expect(await obtain(one, orderOf('ada'))).toBe('ada 1');
    expect(await obtain(other, orderOf('ada'))).toBe('ada 1');
    expect(await obtain(other, orderOf('eve'))).toBe('eve 2');
    expect(one.state).toEqual({ hits: 0, misses: 1, unreadable: 0, failures: 0, isPaused: false });
    expect(other.state).toMatchObject({ hits: 1, misses: 1 });
    expect(lines).toEqual([]);
  });

  it('is fetched once by eight replicas at once', async () => {
    let started = 0;
    const slowly = async (): Promise<HeldAccessToken> => {
      started++;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 900));
      return tokenOf('ada');
    };
    const order = orderOf('ada');
    const asked = Array.from({ length: 8 }, () => replica().obtain(order, { inTurn, fetch: slowly }));
    await clock.advance(2_000);
    const tokens = await Promise.all(asked);
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['ada 1']));
    expect(started).toBe(1);
  });

  it('is fetched by the next one when its fetcher died, within the lease', async () => {
    const never = (): Promise<HeldAccessToken> => new Promise(() => undefined);
    void replica().obtain(orderOf('ada'), { inTurn, fetch: never });
    await clock.advance(1_000);
    const start = clock.now();
    expect(await obtain(replica(), orderOf('ada'))).toBe('ada 1');
    expect(clock.now() - start).toBeLessThanOrEqual(5_000);
    expect(clock.now() - start).toBeGreaterThan(3_500);
  });

  it('is fetched at once by the next one when the fetcher failed, which gets its own error', async () => {
    const order = orderOf('ada');
    const failing = replica().obtain(order, {
      inTurn,
      fetch: async () => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
        throw new Error('refused');
      },
    });
    failing.catch(() => undefined);
    await clock.advance(10);
    const start = clock.now();
    expect(await obtain(replica(), order)).toBe('ada 1');
    expect(clock.now() - start).toBeLessThan(500);
    await expect(failing).rejects.toThrow('refused');
  });

  it('does not wait longer than a lease, whatever the others do', async () => {
    store.faults.lease = undefined;
    const place = async (): Promise<void> => {
      await obtain(replica(), orderOf('ada'));
      const [name] = store.records.keys();
      store.records.clear();
      store.leases.set(name!, { holder: 'for ever', until: Infinity });
    };
    await place();
    const start = clock.now();
    expect(await obtain(replica(), orderOf('ada'))).toBe('ada 2');
    expect(clock.now() - start).toBeLessThan(5_500);
  });

  it("is not served past its end, nor past the end of the user's token", async () => {
    const order = orderOf('ada');
    await obtain(replica(), order);
    const stored = [...store.records.values()][0]!;
    expect(stored.until).toBe(clock.now() + hour);
    // A store that forgets nothing.
    stored.until = Infinity;
    await clock.advance(hour - 20_000);
    expect(await obtain(replica(), { ...order, endsAt: order.endsAt })).toBe('ada 2');
  });

  it("whose user's token ends sooner is stored until then, and served to that one alone", async () => {
    const order = orderOf('ada', { endsAt: clock.now() + 60_000 });
    await obtain(replica(), order);
    const stored = [...store.records.values()][0]!;
    expect(stored.until).toBe(order.endsAt);
    stored.until = Infinity;
    expect(await obtain(replica(), orderOf('ada', { endsAt: clock.now() + hour }))).toBe('ada 2');
    stored.until = Infinity;
    await clock.advance(60_000);
    expect(await obtain(replica(), order)).toBe('ada 3');
  });

  it('that was rejected is replaced, once for all replicas', async () => {
    const [one, other] = [replica(), replica()];
    const order = orderOf('ada');
    const rejected = await obtain(one, order);
    const again = { ...order, accepts: ({ token }: HeldAccessToken) => token !== rejected };
    expect(await obtain(one, again)).toBe('ada 2');
    expect(await obtain(other, again)).toBe('ada 2');
    expect(fetches).toHaveLength(2);
  });

  it('that answers a challenge is fetched in any case, and stored', async () => {
    const order = orderOf('ada');
    await obtain(replica(), order);
    expect(await obtain(replica(), { ...order, isChallenged: true })).toBe('ada 2');
    expect(await obtain(replica(), order)).toBe('ada 2');
  });

  it('is deleted when the person is forgotten, whatever key and assertion it was stored by', async () => {
    const [one, other] = [replica(), replica({ current: 'b', keys: { a: keyA, b: keyB } })];
    await obtain(one, orderOf('ada', { person: () => 'ada' }));
    await obtain(other, orderOf('ada on another device', { person: () => 'ada' }));
    await obtain(one, orderOf('eve', { person: () => 'eve' }));
    await obtain(one, orderOf('of somebody', { person: () => undefined }));
    expect(await other.forget('ada')).toBe(2);
    expect(store.records.size).toBe(2);
    expect(await obtain(one, orderOf('ada', { person: () => 'ada' }))).toBe('ada 5');
    expect(await obtain(replica(), orderOf('eve', { person: () => 'eve' }))).toBe('eve 3');
    expect([...store.records.values()].map(({ owner }) => owner).join()).not.toContain('ada');
  });

  it('that could not be deleted is an error, also during a pause, without secrets', async () => {
    const tokens = replica();
    store.fault = new Error('connect ECONNREFUSED password=secret-of-redis');
    await obtain(tokens, orderOf('eve'));
    for (let n = 0; n < 2; n++) {
      const error: Error = await tokens.forget('ada').then(
        () => new Error('none'),
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ name: 'SharedCacheError', code: 'ENTRA_SHARED_CACHE', retryable: true });
      expect(error.message).toMatch(
        /^The shared cache of users' tokens \(the test\) did not delete: connect/,
      );
      expect(inspect(error)).not.toContain('secret-of-redis');
    }
    store.fault = undefined;
    expect(await tokens.forget('ada')).toBe(0);
    store.faults.deleteOwned = 'hang';
    const hanging = tokens.forget('ada').catch((error: Error) => error);
    for (let n = 0; n < 10; n++) await clock.advance(1_000);
    expect(await hanging).toMatchObject({ message: expect.stringMatching(/took longer than 1000 ms/) });
  });

  it('that arrives for a person who was forgotten meanwhile is not stored, and its lease ends', async () => {
    let isKept = true;
    const order = orderOf('ada', { isKept: () => isKept });
    const fetch = async (): Promise<HeldAccessToken> => {
      isKept = false;
      return Promise.resolve(tokenOf('ada'));
    };
    expect(await obtain(replica(), order, fetch)).toBe('ada 1');
    await clock.advance(1);
    expect(store.records.size + store.leases.size).toBe(0);
  });
});

describe('a key ring that is rotated', () => {
  const keys = { a: keyA, b: keyB };

  it('serves what either key wrote, in every step', async () => {
    const steps: RefreshTokenKeyRing[] = [
      { current: 'a', keys: { a: keyA } },
      { current: 'a', keys },
      { current: 'b', keys },
      { current: 'b', keys: { b: keyB } },
    ];
    for (const [n, ring] of steps.entries()) {
      const user = `user ${n}`;
      await obtain(replica(ring), orderOf(user));
      expect(await obtain(replica(steps[n + 1] ?? ring), orderOf(user))).toMatch(user);
      if (n > 0 && n < 3)
        expect(await obtain(replica(steps[n - 1]), orderOf('of the step before'))).toBeDefined();
    }
    expect(fetches.filter((user) => user.startsWith('user'))).toHaveLength(4);
    expect(lines).toEqual([]);
  });
});

describe('a record that cannot be trusted', () => {
  const twoUsers = async (): Promise<[string, string]> => {
    await obtain(replica(), orderOf('ada'));
    await obtain(replica(), orderOf('eve'));
    return [...store.records.keys()] as [string, string];
  };

  it('of another user is a miss, counted, with one line, and replaced', async () => {
    const [ada, eve] = await twoUsers();
    store.records.set(ada, store.records.get(eve)!);
    const reader = replica();
    expect(await obtain(reader, orderOf('ada'))).toBe('ada 3');
    expect(reader.state.unreadable).toBeGreaterThan(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/cannot be used: changed, or of another user/);
    expect(await obtain(replica(), orderOf('ada'))).toBe('ada 3');
  });

  it('with a changed byte, or of a later format, is a miss', async () => {
    const [ada] = await twoUsers();
    for (const [at, value] of [
      [60, 1],
      [0, 9],
    ] as const) {
      const stored = store.records.get(ada)!;
      const changed = Buffer.from(stored.record);
      changed.writeUInt8(changed.readUInt8(at) ^ value, at);
      store.records.set(ada, { ...stored, record: changed });
      expect(await obtain(replica(), orderOf('ada'))).toMatch(/^ada/);
    }
    expect(fetches).toHaveLength(4);
  });

  it('by a key that took the id of another is a miss', async () => {
    await twoUsers();
    const stranger = replica({ current: 'a', keys: { a: keyB } });
    expect(await obtain(stranger, orderOf('ada'))).toBe('ada 3');
  });
});

describe('a cache that is down', () => {
  const broken = new Error('connect ECONNREFUSED password=secret-of-redis');

  it('costs nobody a failure; there is a line at the start and one at the end', async () => {
    const tokens = replica();
    store.fault = broken;
    for (let n = 0; n < 20; n++) expect(await obtain(tokens, orderOf(`user ${n}`))).toMatch(`user ${n}`);
    expect(tokens.state).toMatchObject({ failures: 1, isPaused: true, misses: 20 });
    expect(lines).toEqual([
      expect.stringMatching(/^The shared cache of users' tokens \(the test\) fails: connect ECONNREFUSED/),
    ]);
    expect(lines.join()).not.toContain('secret-of-redis');

    store.fault = undefined;
    await clock.advance(2_000);
    await obtain(tokens, orderOf('the probe goes ahead in the background'));
    await clock.advance(10);
    expect(tokens.state.isPaused).toBe(false);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/works again, after 2 s/);
    await obtain(tokens, orderOf('ada'));
    expect(await obtain(replica(), orderOf('ada'))).toMatch(/^ada/);
    expect(fetches.filter((user) => user === 'ada')).toHaveLength(1);
  });

  it.each<[string, () => never]>([
    ['throws', () => throwing(broken)],
    [
      'throws what throws when it is looked at',
      () => throwing(new Proxy(broken, { getPrototypeOf: () => throwing(broken) })),
    ],
  ])('and %s, costs nobody a failure', async (_, read) => {
    const tokens = replica();
    store.read = read;
    expect(await obtain(tokens, orderOf('ada'))).toBe('ada 1');
    expect(tokens.state.failures).toBeGreaterThan(0);
  });

  it('and hangs, delays the first callers by its deadline, and later ones not at all', async () => {
    const tokens = replica();
    store.fault = 'hang';
    const start = clock.now();
    await obtain(tokens, orderOf('first'));
    expect(clock.now() - start).toBeLessThanOrEqual(1_005);
    for (let n = 0; n < 50; n++) {
      const before = clock.now();
      await obtain(tokens, orderOf(`user ${n}`));
      expect(clock.now() - before).toBe(0);
      await clock.advance(3_000);
    }
    expect(lines).toHaveLength(1);
  });

  it('and slow for one of many, is not left alone', async () => {
    const tokens = replica();
    await obtain(tokens, orderOf('ada'));
    const read = store.read.bind(store);
    store.read = (name) => (name === slow ? new Promise(() => undefined) : read(name));
    const slow = [...store.records.keys()][0];
    const fetch = (): Promise<HeldAccessToken> => Promise.resolve(tokenOf('ada'));
    const late = tokens.obtain(orderOf('ada'), { inTurn, fetch });
    for (let n = 0; n < 110; n++) await obtain(tokens, orderOf('eve')).then(() => clock.advance(50));
    await late;
    expect(tokens.state).toMatchObject({ isPaused: false, failures: 1 });
    expect(lines).toEqual([]);
  });

  it('and works in turn, has two lines a minute at most, and one when it stays down', async () => {
    const tokens = replica();
    let n = 0;
    const ask = async () => {
      await obtain(tokens, orderOf(`user ${n++}`));
      await clock.advance(2_500);
    };
    for (const fault of [broken, undefined, broken, undefined, broken, undefined]) {
      store.fault = fault;
      for (let asked = 0; asked < 2; asked++) await ask();
    }
    expect(tokens.state).toMatchObject({ failures: 6, isPaused: false });
    expect(lines.map((line) => / (fails: |works again, )/.exec(line)?.[1])).toEqual([
      'fails: ',
      'works again, ',
    ]);
    store.fault = broken;
    for (let asked = 0; asked < 60; asked++) await ask();
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('fails: ');
    store.fault = undefined;
    for (let asked = 0; asked < 20; asked++) await ask();
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/works again, after 1\d\d s/);
  });

  it('is asked ever more rarely, twice a minute at least', async () => {
    const tokens = replica();
    store.fault = broken;
    for (let n = 0; n < 600; n++) {
      await obtain(tokens, orderOf(`user ${n}`));
      await clock.advance(1_000);
    }
    expect(store.commands.length).toBeGreaterThan(15);
    expect(store.commands.length).toBeLessThan(35);
  });

  it('and full, still serves what it has, without a lease', async () => {
    const tokens = replica();
    await obtain(tokens, orderOf('ada'));
    const full = new Error("OOM command not allowed when used memory > 'maxmemory'.");
    store.faults.lease = full;
    store.faults.put = full;
    expect(await obtain(tokens, orderOf('eve'))).toBe('eve 2');
    expect(await obtain(replica(), orderOf('ada'))).toBe('ada 1');
    expect(await obtain(tokens, orderOf('ada'))).toBe('ada 1');
    expect(tokens.state).toMatchObject({ hits: 1, isPaused: true });

    store.faults.lease = undefined;
    store.faults.put = undefined;
    await clock.advance(2_000);
    await obtain(tokens, orderOf('eve'));
    await clock.advance(1);
    expect(tokens.state.isPaused).toBe(false);
    expect(lines).toHaveLength(2);
  });

  it('is left alone after the end, without a line', async () => {
    const tokens = replica();
    store.faults.read = broken;
    tokens.stop();
    expect(await obtain(tokens, orderOf('ada'))).toBe('ada 1');
    expect(lines).toEqual([]);
    expect(store.commands).toEqual([]);
  });
});
