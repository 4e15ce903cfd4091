import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import {
  EncryptedRefreshTokenStore,
  EntraOptionsError,
  FileRefreshTokenStore,
  RefreshTokenConflictError,
  RefreshTokenUnreadableError,
  type RefreshTokenKeyRing,
} from 'nestjs-entra-auth';

import { keyIdOf, loadJose } from '../../../lib/store/encrypted/token-cipher.js';
import { MemoryRefreshTokenStore } from '../../../lib/store/memory.refresh-token-store.js';
import { grant } from './stores.fixture.js';

type StoreOptions = ConstructorParameters<typeof EncryptedRefreshTokenStore>[0];

const old = randomBytes(32);
const young = randomBytes(32);
const onlyOld: RefreshTokenKeyRing = { current: '2025', keys: { '2025': old } };
const both: RefreshTokenKeyRing = { current: '2026', keys: { '2025': old, '2026': young } };
const onlyYoung: RefreshTokenKeyRing = { current: '2026', keys: { '2026': young } };

let inner: MemoryRefreshTokenStore;
beforeEach(() => {
  inner = new MemoryRefreshTokenStore();
});

const wrap = (keys = onlyOld, more: Partial<StoreOptions> = {}) =>
  new EncryptedRefreshTokenStore({ store: inner, keys, ...more });

const storedText = async (): Promise<string> => (await inner.load())!.value.refreshToken;

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as Error,
  );
}

/** Every way of reading and writing fails like this, and leaves what is stored. */
async function expectRefused(store: EncryptedRefreshTokenStore, message: string): Promise<void> {
  const before = await inner.load();
  const version = before?.version;
  const errors = [
    await errorOf(store.load()),
    await errorOf(store.save(grant(), version)),
    await errorOf(store.exclusive((access) => access.load())),
    await errorOf(store.exclusive((access) => access.save(grant(), version))),
    await errorOf(store.reencrypt()),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(RefreshTokenUnreadableError);
    expect(error.message).toContain(message);
    expect(inspect(error, { depth: 9 })).not.toContain(before!.value.refreshToken);
  }
  expect(await inner.load()).toEqual(before);
}

describe('what is stored', () => {
  const value = {
    ...grant('secret-refresh-token'),
    accessTokens: { graph: { token: 'secret-access-token', acquiredOnTimestamp: 1, expiresOnTimestamp: 2 } },
  };

  it('is a JWE that another program with the key can read, and nothing else but the time', async () => {
    await wrap().save(value, undefined);
    const stored = (await inner.load())!.value;

    expect(Object.keys(stored)).toEqual(['refreshToken', 'obtainedOnTimestamp']);
    expect(decodeProtectedHeader(stored.refreshToken)).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      typ: 'entra-refresh-token+jwe',
      kid: '2025',
      store: 'default',
    });
    expect(stored.refreshToken).not.toContain('secret');
    const { plaintext } = await compactDecrypt(stored.refreshToken, new Uint8Array(old));
    expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual(value);
  });

  it('is another text each time', async () => {
    const store = wrap();
    const { version } = await store.save(value, undefined);
    const first = await storedText();
    await store.save(value, version);

    expect(await storedText()).not.toBe(first);
  });
});

describe('the key ring', () => {
  it('reads with the key that is named, and writes with the current one', async () => {
    await wrap(onlyOld).save(grant('token'), undefined);
    const store = wrap(both);

    const loaded = (await store.load())!;
    expect(loaded.value.refreshToken).toBe('token');
    expect(keyIdOf(await storedText())).toBe('2025');
    await store.save(loaded.value, loaded.version);

    expect(keyIdOf(await storedText())).toBe('2026');
    expect((await wrap(onlyYoung).load())?.value.refreshToken).toBe('token');
  });

  it('encrypts anew at once when told to, and only if need be', async () => {
    await expect(wrap(both).reencrypt()).resolves.toBe(false);
    await wrap(onlyOld).save(grant('token'), undefined);

    await expect(wrap(both).reencrypt()).resolves.toBe(true);
    const text = await storedText();
    await expect(wrap(both).reencrypt()).resolves.toBe(false);

    expect(await storedText()).toBe(text);
    expect((await wrap(onlyYoung).load())?.value.refreshToken).toBe('token');
  });

  it('names the key that is missing', async () => {
    await wrap(onlyOld).save(grant(), undefined);
    await expectRefused(wrap(onlyYoung), '"2025"');
  });

  it('finds another key under the same id', async () => {
    await wrap(onlyOld).save(grant(), undefined);
    await expectRefused(wrap({ current: '2025', keys: { '2025': young } }), 'with the key "2025"');
  });

  it('takes keys as bytes and as text', async () => {
    await wrap(onlyOld).save(grant('token'), undefined);
    const text = { current: '2025', keys: { '2025': old.toString('base64url') } };
    const array = { current: '2025', keys: { '2025': Uint8Array.from(old) } };

    for (const keys of [text, array]) expect((await wrap(keys).load())?.value.refreshToken).toBe('token');
  });

  it('keeps its keys when the given bytes are wiped', async () => {
    const bytes = Buffer.from(old);
    const store = wrap({ current: '2025', keys: { '2025': bytes } });
    bytes.fill(0);
    await store.save(grant('token'), undefined);

    expect((await wrap(onlyOld).load())?.value.refreshToken).toBe('token');
  });

  it.each<[string, unknown, string]>([
    ['no keys', undefined, 'keys'],
    ['no map', { current: 'a' }, 'keys.keys'],
    ['an empty map', { current: 'a', keys: {} }, 'keys.current'],
    ['no current one', { keys: { a: old } }, 'keys.current'],
    ['a current one that is missing', { current: 'b', keys: { a: old } }, 'keys.current'],
    ['an inherited name', { current: 'toString', keys: { a: old } }, 'keys.current'],
    ['a short key', { current: 'a', keys: { a: old.subarray(1) } }, 'keys.keys.a'],
    ['a long key', { current: 'a', keys: { a: Buffer.concat([old, young]) } }, 'keys.keys.a'],
    ['a short text', { current: 'a', keys: { a: old.subarray(1).toString('base64url') } }, 'keys.keys.a'],
    ['a passphrase', { current: 'a', keys: { a: 'correct horse battery staple' } }, 'keys.keys.a'],
    ['zeros', { current: 'a', keys: { a: Buffer.alloc(32) } }, 'keys.keys.a'],
    ['a number', { current: 'a', keys: { a: 1 } }, 'keys.keys.a'],
    ['an empty id', { current: '', keys: { '': old } }, 'keys.keys'],
  ])('is refused by name: %s', (_, keys, option) => {
    const make = (): unknown =>
      wrap(keys as RefreshTokenKeyRing, keys === undefined ? { keys: undefined! } : {});
    expect(make).toThrow(EntraOptionsError);
    expect(make).toThrow(`"${option}"`);
  });
});

describe('tampering', () => {
  it('is found wherever a character is changed', async () => {
    const store = wrap();
    const { value } = (await store.save(grant(), undefined)) && (await inner.load())!;
    const text = value.refreshToken;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom(...'Aa0-_.!'.split('')),
        async (at, character) => {
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          // The last character of a part may carry bits that mean nothing.
          const same = changed.split('.').every((part, n) => {
            const original = text.split('.')[n] ?? '';
            return Buffer.from(part, 'base64url').equals(Buffer.from(original, 'base64url'));
          });
          if (same) return;
          inner = new MemoryRefreshTokenStore({ ...value, refreshToken: changed });
          expect(await errorOf(wrap().load())).toBeInstanceOf(RefreshTokenUnreadableError);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is found in the readable time of the record', async () => {
    await wrap().save(grant(), undefined);
    const { value } = (await inner.load())!;
    inner = new MemoryRefreshTokenStore({ ...value, obtainedOnTimestamp: value.obtainedOnTimestamp + 1 });
    await expectRefused(wrap(), 'its readable time differs');
  });

  it('is found when a record of another store is put there', async () => {
    await wrap(onlyOld, { name: 'sales' }).save(grant(), undefined);
    await expectRefused(wrap(onlyOld, { name: 'support' }), '"sales"');
  });

  it.each([
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['its header only', (text: string) => text.slice(0, text.indexOf('.'))],
    ['without its header', (text: string) => text.replace(/^[^.]+/, '')],
    ['with a broken header', (text: string) => `e30K${text}`],
  ])('is refused also where plain tokens are adopted: %s', async (_, damage) => {
    await wrap().save(grant(), undefined);
    const { value } = (await inner.load())!;
    const damaged = damage(value.refreshToken);
    inner = new MemoryRefreshTokenStore({ ...value, refreshToken: damaged });
    await expectRefused(wrap(), 'It is left as it is');
    await expectRefused(wrap(onlyOld, { adoptPlaintext: true }), 'It is left as it is');
  });
});

describe('a plain refresh token in the wrapped store', () => {
  it('is refused, with what to do', async () => {
    await inner.save(grant('plain-secret'), undefined);
    await expectRefused(wrap(), '"adoptPlaintext": true');
  });

  it('is read where it is adopted, and encrypted by the next save', async () => {
    const { version } = await inner.save(grant('plain'), undefined);
    const store = wrap(onlyOld, { adoptPlaintext: true });

    expect(await store.load()).toMatchObject({ value: { refreshToken: 'plain' }, version });
    await store.save(grant('next'), version);

    expect((await wrap().load())?.value.refreshToken).toBe('next');
  });

  it('is encrypted at once by reencrypt', async () => {
    await inner.save(grant('plain'), undefined);
    await expect(wrap(onlyOld, { adoptPlaintext: true }).reencrypt()).resolves.toBe(true);

    expect((await wrap().load())?.value.refreshToken).toBe('plain');
  });

  it('may be a JWE of the server that issued it', async () => {
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"theirs"}').toString('base64url');
    await inner.save(grant(`${header}..aaaa.bbbb.cccc`), undefined);
    const store = wrap(onlyOld, { adoptPlaintext: true });
    await expect(store.reencrypt()).resolves.toBe(true);

    expect((await wrap().load())?.value.refreshToken).toBe(`${header}..aaaa.bbbb.cccc`);
  });

  it.each(['wrong', 1, {}])('needs a boolean to be adopted, not %p', (adoptPlaintext) => {
    expect(() => wrap(onlyOld, { adoptPlaintext: adoptPlaintext as boolean })).toThrow('"adoptPlaintext"');
  });
});

describe('saving', () => {
  it('needs the version of a record that can be read, also when that was learnt from the wrapped store', async () => {
    await wrap(onlyOld).save(grant('theirs'), undefined);
    const { version } = (await inner.load())!;

    await expect(wrap(onlyYoung).save(grant('mine'), version)).rejects.toThrow(RefreshTokenUnreadableError);
    expect((await wrap(onlyOld).load())?.value.refreshToken).toBe('theirs');
  });

  it('over what was removed meanwhile is a conflict', async () => {
    await expect(wrap().save(grant(), '1')).rejects.toThrow(RefreshTokenConflictError);
  });
});

it('names the command that installs jose when it is missing', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const error = await errorOf(loadJose(() => Promise.reject(missing)));

  expect(error).toBeInstanceOf(EntraOptionsError);
  expect(error.message).toContain('npm install jose`');
});

describe('without a name', () => {
  const token = async (store: EncryptedRefreshTokenStore) => (await store.load())?.value.refreshToken;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'encrypted-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const fileOf = (name: string) => new FileRefreshTokenStore({ path: join(directory, name) });
  const encryptedFile = (name: string, more: Partial<StoreOptions> = {}) =>
    new EncryptedRefreshTokenStore({ store: fileOf(name), keys: onlyOld, ...more });

  it('refuses the record of another file, and reads it under the name that the error tells', async () => {
    await encryptedFile('alice.json').save({ ...grant(), refreshToken: 'of alice' }, undefined);
    await encryptedFile('bob.json').save({ ...grant(), refreshToken: 'of bob' }, undefined);
    await copyFile(join(directory, 'alice.json'), join(directory, 'bob.json'));
    const error = await errorOf(encryptedFile('bob.json').load());
    expect(error).toBeInstanceOf(RefreshTokenUnreadableError);
    const name = join(directory, 'alice.json');
    expect(error.message).toContain(`"name": "${name}"`);
    expect(await token(encryptedFile('bob.json', { name }))).toBe('of alice');
  });

  it('refuses the record of another row, by the name of the row', async () => {
    const bound = (identity: string) => ({
      identity,
      load: () => inner.load(),
      save: inner.save.bind(inner),
      exclusive: inner.exclusive.bind(inner),
    });
    await new EncryptedRefreshTokenStore({ store: bound('alice'), keys: onlyOld }).save(grant(), undefined);
    await expectRefused(new EncryptedRefreshTokenStore({ store: bound('bob'), keys: onlyOld }), '"alice"');
  });

  it('reads a record of 0.1, and binds it with the next save and with reencrypt()', async () => {
    await encryptedFile('a.json', { name: 'default' }).save({ ...grant(), refreshToken: 'old' }, undefined);
    expect(await token(encryptedFile('a.json'))).toBe('old');
    expect(await encryptedFile('a.json').reencrypt()).toBe(true);
    expect(await encryptedFile('a.json').reencrypt()).toBe(false);
    await expect(encryptedFile('a.json', { name: 'default' }).load()).rejects.toThrow('a.json');
    expect(await token(encryptedFile('a.json'))).toBe('old');
  });

  it('binds to "default" where the store does not tell its place', async () => {
    const value = grant();
    await wrap().save(value, undefined);
    expect(await token(wrap(onlyOld, { name: 'default' }))).toBe(value.refreshToken);
  });
});
