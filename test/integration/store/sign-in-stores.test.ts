import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EntraOptionsError,
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from 'nestjs-entra-auth';
import type { DataSource } from 'typeorm';

import { EncryptedSignInStore } from '../../../lib/store/sign-ins/encrypted.sign-in-store.js';
import type {
  ExclusiveOptions,
  RefreshTokenAccess,
  RefreshTokenStore,
} from '../../../lib/store/refresh-token-store.js';
import { FileSignInStore } from '../../../lib/store/sign-ins/file.sign-in-store.js';
import { MemorySignInStore } from '../../../lib/store/sign-ins/memory.sign-in-store.js';
import { encodeKey } from '../../../lib/store/sign-ins/sign-in-key.js';
import type { SignInStore } from '../../../lib/store/sign-ins/sign-in-store.js';
import { CreateEntraSignIn1795914000000, TypeOrmSignInStore } from '../../../lib/store/typeorm/index.js';
import { systemClock } from '../../../lib/common/clock.js';
import { startUserTokens } from '../../support/users/user-tokens.js';
import { grant, Places } from './stores.fixture.js';

const places = new Places();
let dataSource: DataSource;

beforeAll(async () => {
  await places.start();
  dataSource = await places.connect({
    migrations: [CreateEntraSignIn1795914000000],
    migrationsTableName: 'sign_in_migrations',
  });
  await dataSource.runMigrations();
});
afterAll(() => places.stop());

const keys = { current: 'k1', keys: { k1: Buffer.from('0123456789abcdef0123456789abcdef') } };
const newDirectory = (): string => mkdtempSync(join(places.directory, 'sign-ins-'));

const kinds: Record<string, () => SignInStore | Promise<SignInStore>> = {
  memory: () => new MemorySignInStore(),
  files: () => new FileSignInStore({ directory: newDirectory() }),
  'a table': async () => {
    await dataSource.query('DELETE FROM "entra_sign_in"');
    return new TypeOrmSignInStore({ dataSource });
  },
  'a table of a data source that comes later': async () => {
    await dataSource.query('DELETE FROM "entra_sign_in"');
    return new TypeOrmSignInStore({ dataSource: () => dataSource });
  },
  'encrypted files': () =>
    new EncryptedSignInStore({ store: new FileSignInStore({ directory: newDirectory() }), keys }),
};

describe.each(Object.entries(kinds))('the sign-ins of many users in %s', (_, open) => {
  let store: SignInStore;

  beforeEach(async () => {
    store = await open();
  });

  it('have a record each', async () => {
    const [ada, bob] = [grant(), grant()];
    const saved = await store.of('ada').save(ada, undefined);
    await store.of('bob').save(bob, undefined);

    expect((await store.of('ada').load())?.value).toEqual(ada);
    expect((await store.of('bob').load())?.value).toEqual(bob);
    expect(await store.of('eve').load()).toBeUndefined();
    await expect(store.of('ada').save(bob, 'unknown')).rejects.toThrow(RefreshTokenConflictError);
    await store.of('ada').save(bob, saved.version);
  });

  it('are locked each on its own', async () => {
    const inner = await store.of('ada').exclusive(async () => {
      await expect(store.of('ada').exclusive(() => Promise.resolve(), { timeoutInMs: 30 })).rejects.toThrow(
        RefreshTokenStoreError,
      );
      return store.of('bob').exclusive((access) => access.load());
    });
    expect(inner).toBeUndefined();
  });

  it('are listed by page, in the order of the bytes of their keys', async () => {
    const expected = ['A', 'B', 'a', 'a b', 'b', 'é', '\u{1f511}'];
    for (const key of [...expected].reverse()) await store.of(key).save(grant(), undefined);

    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await store.list({ limit: 3, after });
      found.push(...page.map(({ key }) => key));
      for (const line of page) expect(line.obtainedOnTimestamp).toBe(grant().obtainedOnTimestamp);
      after = page.at(-1)?.key;
      if (after === undefined) break;
    }
    expect(found).toEqual(expected);
    expect(await store.list({ limit: 10, after: 'a' })).toHaveLength(4);
    expect(await store.list({ limit: 10, after: 'Z' })).toHaveLength(5);
  });

  it('are read by page with what is stored, wherever that takes no load for each', async () => {
    const values = new Map(['ada', 'bob', 'eve'].map((key) => [key, grant(`of ${key}`)]));
    for (const [key, value] of values) await store.of(key).save(value, undefined);
    expect(store.loadPage === undefined).toBe(store instanceof MemorySignInStore);

    const page = await store.loadPage?.({ limit: 2 });
    const expected = [...values].map(([key, value]) => ({ key, value }));
    expect(page ?? expected.slice(0, 2)).toEqual(expected.slice(0, 2));
    const rest = await store.loadPage?.({ limit: 2, after: 'bob' });
    expect(rest ?? expected.slice(2)).toEqual(expected.slice(2));
    expect(await store.list({ limit: 3 })).toEqual(
      expected.map(({ key, value }) => ({ key, obtainedOnTimestamp: value.obtainedOnTimestamp })),
    );
  });

  it('are deleted for good: what follows on a deleted one is a conflict', async () => {
    const { version } = await store.of('ada').save(grant(), undefined);
    await store.of('bob').save(grant(), undefined);

    expect(await store.delete('ada')).toBe(true);
    expect(await store.delete('ada')).toBe(false);
    expect(await store.of('ada').load()).toBeUndefined();
    expect((await store.list({ limit: 10 })).map(({ key }) => key)).toEqual(['bob']);
    await expect(store.of('ada').save(grant(), version)).rejects.toThrow(RefreshTokenConflictError);
    await store.of('ada').save(grant(), undefined);
  });

  it('refuse what cannot be a key', async () => {
    for (const key of ['', 'k'.repeat(65_536)]) {
      expect(() => store.of(key)).toThrow(EntraOptionsError);
      await expect(store.delete(key)).rejects.toThrow(EntraOptionsError);
    }
  });
});

describe('damaged sign-ins', () => {
  it('are listed, and deleted', async () => {
    const directory = newDirectory();
    const store = new FileSignInStore({ directory });
    await store.of('ada').save(grant(), undefined);
    writeFileSync(join(directory, `${encodeKey('ada')}.json`), 'garbage');
    writeFileSync(join(directory, 'readme.txt'), 'not one of them');

    await expect(store.of('ada').load()).rejects.toThrow(RefreshTokenUnreadableError);
    expect(await store.list({ limit: 10 })).toEqual([{ key: 'ada', obtainedOnTimestamp: undefined }]);
    expect(await store.loadPage({ limit: 10 })).toEqual([{ key: 'ada', value: undefined }]);
    expect(await store.delete('ada')).toBe(true);
    expect(readdirSync(directory)).toEqual(['readme.txt']);
  });

  it('are listed and deleted in a table too', async () => {
    await dataSource.query('DELETE FROM "entra_sign_in"');
    await dataSource.query(`INSERT INTO "entra_sign_in" VALUES ('ada', '1', 'garbage')`);
    const store = new TypeOrmSignInStore({ dataSource });
    expect(await store.list({ limit: 10 })).toEqual([{ key: 'ada', obtainedOnTimestamp: undefined }]);
    const encrypted = new EncryptedSignInStore({ store, keys });
    expect(await encrypted.loadPage?.({ limit: 10 })).toEqual([{ key: 'ada', value: undefined }]);
    expect(await store.delete('ada')).toBe(true);
  });
});

/** A kind of place, and how its record of a key is overwritten by anything at all. */
interface DamagedPlace {
  store: SignInStore;
  /** Missing where what is stored is no text. */
  overwrite?: (key: string, text: string) => Promise<unknown>;
}

const damagedPlaces: Record<string, () => Promise<DamagedPlace>> = {
  memory: () => Promise.resolve({ store: new MemorySignInStore() }),
  files: () => {
    const directory = newDirectory();
    const store = new FileSignInStore({ directory });
    const path = (key: string): string => join(directory, `${encodeKey(key)}.json`);
    return Promise.resolve({ store, overwrite: (key, text) => writeFile(path(key), text) });
  },
  'a table': async () => {
    await dataSource.query('DELETE FROM "entra_sign_in"');
    const update = 'UPDATE "entra_sign_in" SET "record" = $2 WHERE "name" = $1';
    const overwrite = (key: string, text: string) => dataSource.query(update, [key, text]);
    return { store: new TypeOrmSignInStore({ dataSource }), overwrite };
  },
};
const otherKeys = { current: 'k1', keys: { k1: randomBytes(32) } };
const missingKeys = { current: 'k2', keys: { k2: randomBytes(32) } };
/** Leaves a record under a key that a store with `keys` cannot read. */
const damages: Record<string, (place: DamagedPlace, key: string) => Promise<unknown>> = {
  'by another key of the same id': ({ store }, key) =>
    new EncryptedSignInStore({ store, keys: otherKeys }).of(key).save(grant(), undefined),
  'by a key that is missing': ({ store }, key) =>
    new EncryptedSignInStore({ store, keys: missingKeys }).of(key).save(grant(), undefined),
  'with a cut ciphertext': async ({ store }, key) => {
    const kept = store.of(key);
    const { version } = await new EncryptedSignInStore({ store, keys }).of(key).save(grant(), undefined);
    const { refreshToken, ...rest } = (await kept.load())!.value;
    await kept.save({ refreshToken: refreshToken.slice(0, -40), ...rest }, version);
  },
  'that is not JSON': async ({ store, overwrite }, key) => {
    await store.of(key).save(grant(), undefined);
    await overwrite?.(key, '{garbage');
  },
};
const damaged = Object.entries(damagedPlaces).flatMap(([place, open]) =>
  Object.entries(damages)
    .filter(([how]) => place !== 'memory' || how !== 'that is not JSON')
    .map(([how, damage]) => [how, place, open, damage] as const),
);

describe.each(damaged)('a sign-in %s in %s', (_how, _place, open, damage) => {
  it('is deleted by `forget` and by `forgetUser`, and the user signs in again', async () => {
    const place = await open();
    const objectId = randomUUID();
    const store = new EncryptedSignInStore({ store: place.store, keys });
    for (const key of ['ada', objectId, 'other']) await damage(place, key);
    const client = { tenantId: randomUUID(), clientId: randomUUID(), clientSecret: 'secret' };
    const { service, stop } = startUserTokens({ client, signIns: { store } });
    const again = { refresh_token: grant().refreshToken };
    const unreadable = { code: 'ENTRA_REFRESH_TOKEN_UNREADABLE' };
    try {
      await expect(service.adopt('ada', again)).rejects.toMatchObject(unreadable);
      expect(await service.forget('ada')).toBe(true);
      expect(await service.forget('ada')).toBe(false);
      const user = { tenantId: client.tenantId, objectId };
      expect(await service.forgetUser(user)).toMatchObject({ signIns: 1, unknownSignIns: 1 });
      expect((await service.listSignIns()).map(({ userKey }) => userKey)).toEqual(['other']);
      await service.adopt('ada', again);
      expect((await store.of('ada').load())?.value.refreshToken).toBe(again.refresh_token);
    } finally {
      await stop();
    }
  });
});

describe('a sign-in whose write a table holds up beyond its deadline', () => {
  const store = new TypeOrmSignInStore({ dataSource: () => dataSource });
  const client = { tenantId: randomUUID(), clientId: randomUUID(), clientSecret: 'secret' };
  const { service, stop } = startUserTokens(
    { client, signIns: { store, storeTimeoutInMs: 500 } },
    { clock: systemClock },
  );
  afterAll(stop);
  /** Lets nothing be written meanwhile, and still be read. */
  const withoutWrites = (work: () => Promise<unknown>): Promise<unknown> =>
    places.server.session(async (session) => {
      await session.query('BEGIN');
      await session.query('LOCK TABLE "entra_sign_in" IN SHARE MODE');
      await work();
      await session.query('COMMIT');
    });
  const written = async (): Promise<boolean> => {
    const stored = await store.of('late').load();
    return stored !== undefined;
  };

  it('is there later, and is not after `forget`', async () => {
    const failed = { code: 'ENTRA_REFRESH_TOKEN_STORE' };
    const response = { refresh_token: grant().refreshToken };
    await withoutWrites(() => expect(service.adopt('late', response)).rejects.toMatchObject(failed));
    for (let n = 0; n < 200 && !(await written()); n++) await sleep(5);
    expect((await store.of('late').load())?.value.refreshToken).toBe(response.refresh_token);

    let forgotten: Promise<boolean> | undefined;
    await service.forget('late');
    await withoutWrites(async () => {
      await expect(service.adopt('late', response)).rejects.toMatchObject(failed);
      forgotten = service.forget('late');
      await sleep(20);
    });
    await forgotten;
    expect(await written()).toBe(false);
  });
});

describe('encrypted sign-ins', () => {
  it('show nothing, and are refused in the place of another user', async () => {
    const directory = newDirectory();
    const store = new EncryptedSignInStore({ store: new FileSignInStore({ directory }), keys });
    const ada = grant();
    await store.of('ada').save(ada, undefined);
    await store.of('bob').save(grant(), undefined);
    const [adas, bobs] = ['ada', 'bob'].map((key) => join(directory, `${encodeKey(key)}.json`)) as [
      string,
      string,
    ];
    expect(readFileSync(adas, 'utf8')).not.toContain(ada.refreshToken);

    renameSync(adas, bobs);
    await expect(store.of('bob').load()).rejects.toThrow(RefreshTokenUnreadableError);
    expect(await store.loadPage?.({ limit: 10 })).toEqual([{ key: 'bob', value: undefined }]);
  });

  it('are read by page also where the store of one sign-in is an object of a class', async () => {
    class Single implements RefreshTokenStore {
      readonly #inner: RefreshTokenStore;
      constructor(key: string) {
        this.#inner = kept.of(key);
      }
      load: RefreshTokenStore['load'] = () => this.#inner.load();
      save(...given: Parameters<RefreshTokenStore['save']>): ReturnType<RefreshTokenStore['save']> {
        return this.#inner.save(...given);
      }
      exclusive<T>(work: (access: RefreshTokenAccess) => Promise<T>, options?: ExclusiveOptions): Promise<T> {
        return this.#inner.exclusive(work, options);
      }
    }
    const kept = new FileSignInStore({ directory: newDirectory() });
    const own: SignInStore = {
      of: (key) => new Single(key),
      delete: (key) => kept.delete(key),
      list: (page) => kept.list(page),
      loadPage: (page) => kept.loadPage(page),
    };
    const store = new EncryptedSignInStore({ store: own, keys });
    const value = grant();
    await store.of('ada').save(value, undefined);
    expect(await store.loadPage?.({ limit: 10 })).toEqual([{ key: 'ada', value }]);
  });

  it('are read by page only where the store that keeps them can', () => {
    expect(new EncryptedSignInStore({ store: new MemorySignInStore(), keys }).loadPage).toBeUndefined();
  });

  it('are rewritten with a new key, all of them', async () => {
    const inner = new MemorySignInStore();
    const before = new EncryptedSignInStore({ store: inner, keys });
    for (let n = 0; n < 250; n++) await before.of(`user ${n}`).save(grant(`token ${n}`), undefined);
    const rotated = {
      current: 'k2',
      keys: { ...keys.keys, k2: Buffer.from('fedcba9876543210fedcba9876543210') },
    };

    expect(await new EncryptedSignInStore({ store: inner, keys: rotated }).reencrypt()).toBe(250);
    expect(await new EncryptedSignInStore({ store: inner, keys: rotated }).reencrypt()).toBe(0);
    const onlyNew = { current: 'k2', keys: { k2: rotated.keys.k2 } };
    const after = new EncryptedSignInStore({ store: inner, keys: onlyNew });
    expect((await after.of('user 7').load())?.value.refreshToken).toBe('token 7');
  });
});

describe('a table of a data source that a function returns', () => {
  it('is not asked for before the first use, also by a store that encrypts', async () => {
    let isThere = false;
    const store = new EncryptedSignInStore({
      store: new TypeOrmSignInStore({
        dataSource: () => {
          if (!isThere) throw new Error('it is not there yet');
          return dataSource;
        },
      }),
      keys,
    });
    const early = store.of('early');
    for (const use of [
      () => early.load(),
      () => early.save(grant(), undefined),
      () => early.exclusive(() => Promise.resolve()),
      () => store.delete('early'),
      () => store.list({ limit: 1 }),
      () => store.loadPage!({ limit: 1 }),
    ]) {
      const failure = use();
      await expect(failure).rejects.toThrow(RefreshTokenStoreError);
      await expect(failure).rejects.toThrow(/"dataSource" .* failed: it is not there yet/);
    }
    isThere = true;
    const value = grant();
    await early.save(value, undefined);
    expect((await store.of('early').load())?.value).toEqual(value);
    await store.delete('early');
  });

  it.each([undefined, { options: { type: 'mysql' } }, { options: { type: 'postgres', poolSize: 1 } }])(
    'is refused when it cannot keep sign-ins: %j',
    async (returned) => {
      const store = new TypeOrmSignInStore({ dataSource: () => returned as never });
      await expect(store.of('ada').load()).rejects.toThrow(EntraOptionsError);
    },
  );
});
