import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { InsecureConnectionError, EntraTimeoutError } from '../../../lib/common/entra-auth.error.js';
import { KeyRing } from '../../../lib/store/encrypted/key-ring.js';
import { isEncrypted, keyIdOf, loadJose, TokenCipher } from '../../../lib/store/encrypted/token-cipher.js';
import { fileFailure } from '../../../lib/store/file/file-failure.js';
import { HeartbeatMonitor } from '../../../lib/store/file/heartbeat.js';
import { parseStat } from '../../../lib/store/file/process-status.js';
import { newestRecord } from '../../../lib/store/file/record-lines.js';
import { decodeRecord, encodeRecord } from '../../../lib/store/refresh-token-record.js';
import {
  RefreshTokenConflictError,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from '../../../lib/store/refresh-token-store.error.js';
import { acquireLock, withLock } from '../../../lib/store/store-lock.js';
import { guardDatabase, isConnectionLoss } from '../../../lib/store/typeorm/database-failure.js';

const grant = (refreshToken: string) => ({ refreshToken, obtainedOnTimestamp: 1 });
const messageOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('a record that this package did not write so', () => {
  const recordOf = (value: unknown, more: object = {}): string => {
    const json = JSON.stringify(value);
    const sha256 = createHash('sha256').update(`id\n${json}`).digest('hex');
    return JSON.stringify({ format: 1, id: 'id', sha256, value, ...more });
  };
  const left = 'It is left as it is. Restore it from a backup, or remove it and sign in again.';

  it.each<[string, string, string]>([
    ['that is whole', recordOf(grant('a')), 'accepted'],
    ['that is no JSON', 'x', `What the test holds is damaged: it is not a JSON object. ${left}`],
    ['of no format', '{}', `What the test holds is damaged: it is not a record of this package. ${left}`],
    [
      'without an id',
      recordOf(grant('a'), { id: 7 }),
      `What the test holds is damaged: it is not a record of this package. ${left}`,
    ],
    [
      'of a later format',
      recordOf(grant('a'), { format: 2 }),
      'What the test holds has format 2, which this version of nestjs-entra-auth does not know. Update nestjs-entra-auth.',
    ],
    [
      'of an earlier format',
      recordOf(grant('a'), { format: 0 }),
      `What the test holds is damaged: it is not a record of this package. ${left}`,
    ],
    [
      'with another checksum',
      recordOf(grant('a'), { sha256: '0' }),
      `What the test holds is damaged: its checksum is wrong. ${left}`,
    ],
    [
      'without a value',
      recordOf(undefined),
      `What the test holds is damaged: its checksum is wrong. ${left}`,
    ],
    [
      'without a token',
      recordOf({ obtainedOnTimestamp: 1 }),
      `What the test holds is damaged: "refreshToken" is not a text. ${left}`,
    ],
    [
      'without a time',
      recordOf({ refreshToken: 'a' }),
      `What the test holds is damaged: "obtainedOnTimestamp" is not a time. ${left}`,
    ],
  ])('%s', (_, text, message) => {
    expect(messageOf(() => decodeRecord(text, 'the test'))).toBe(message);
  });

  it('is read from the last whole line, or from all lines at once', () => {
    const [one, two] = ['a', 'b'].map((token) => encodeRecord(grant(token)).text);
    const read = (text: string): unknown => newestRecord(text, 'the test').value;
    expect(read(`${one}${two}`)).toEqual(grant('b'));
    expect(read(`${one}\n\n${two?.slice(0, 20)}`)).toEqual(grant('a'));
    expect(read(JSON.stringify(JSON.parse(one ?? ''), undefined, 2))).toEqual(grant('a'));
    expect(messageOf(() => read('x\ny'))).toContain('is damaged');
  });
});

describe('a lock', () => {
  const request = (acquire: () => Promise<{ release(): Promise<void> }>, timeoutInMs?: number) => ({
    options: { timeoutInMs },
    clock: new ManualClock(),
    name: 'the lock',
    holder: () => ', held by 7',
    acquire,
  });

  it('is released after work that succeeds and work that fails', async () => {
    let released = 0;
    const acquire = () => Promise.resolve({ release: () => Promise.resolve(void released++) });
    await expect(withLock(request(acquire), () => Promise.resolve('done'))).resolves.toBe('done');
    await expect(withLock(request(acquire), () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    expect(released).toBe(2);
  });

  it('that does not come in time is given up, and released when it comes later', async () => {
    let come: (lock: { release(): Promise<void> }) => void = () => undefined;
    let released = 0;
    const late = request(() => new Promise((resolve) => (come = resolve)), 1_000);
    const acquiring = acquireLock(late);
    acquiring.catch(() => undefined);
    await late.clock.advance(1_000);
    await expect(acquiring).rejects.toThrow(
      'Timed out after 1000 ms waiting for the lock, held by 7. Keep work within',
    );
    come({ release: () => Promise.resolve(void released++) });
    await late.clock.advance(0);
    expect(released).toBe(1);
  });

  it('may be asked for without a wait, and waits 30 s by default', async () => {
    const never = request(() => new Promise(() => undefined), 0);
    const acquiring = acquireLock(never);
    acquiring.catch(() => undefined);
    await never.clock.advance(0);
    await expect(acquiring).rejects.toThrow('after 0 ms');
    const byDefault = request(() => new Promise(() => undefined));
    const waiting = acquireLock(byDefault);
    waiting.catch(() => undefined);
    await byDefault.clock.advance(30_000);
    await expect(waiting).rejects.toThrow('after 30000 ms');
    await expect(acquireLock(request(() => new Promise(() => undefined), -1))).rejects.toThrow(
      '"timeoutInMs": -1.',
    );
  });
});

describe('a failure of the database', () => {
  const failureOf = async (error: unknown): Promise<RefreshTokenStoreError> => {
    const failing = guardDatabase('Reading', '"t"', () => Promise.reject(error as Error));
    return failing.then(
      () => Promise.reject(new Error('It did not fail.')) as never,
      (failure: unknown) => failure as RefreshTokenStoreError,
    );
  };
  const ofState = (code: string) => Object.assign(new Error('no'), { code, parameters: ['secret'] });

  it.each([
    ['08006', true, 'Check the database'],
    ['53300', true, 'Check the database'],
    ['57P01', true, 'Check the database'],
    ['40001', true, 'Check the database'],
    ['25006', true, 'Check the database'],
    ['XX000', false, 'Check the database'],
    ['42P01', false, 'Add the migration'],
    ['42703', false, 'The table has other columns'],
    ['42501', false, 'Grant the role'],
  ])('of state %s may pass: %s', async (state, retryable, fix) => {
    const failure = await failureOf(ofState(state));
    expect(failure).toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE', retryable });
    expect(failure.message).toContain(`Reading the refresh token in the table "t" failed (${state}). ${fix}`);
    expect(failure.cause).not.toHaveProperty('parameters');
  });

  it('without a state may pass, and one of this package is what it is', async () => {
    expect(await failureOf(new Error('lost'))).toMatchObject({
      retryable: true,
      message: expect.stringContaining('(no answer)'),
    });
    expect(await failureOf(new EntraTimeoutError('x', 1, 'y'))).toMatchObject({ retryable: true });
    expect(await failureOf(new InsecureConnectionError('x', 'y'))).toMatchObject({ retryable: false });
    const own = new RefreshTokenConflictError('x');
    expect(await failureOf(own)).toBe(own);
    await expect(guardDatabase('Reading', '"t"', () => Promise.resolve('read'))).resolves.toBe('read');
  });

  it.each([
    [new Error('lost'), true],
    [ofState('08006'), true],
    [ofState('57P01'), true],
    [ofState('57014'), false],
    [ofState('42P01'), false],
    [new RefreshTokenConflictError('x'), false],
  ])('%p is a lost connection: %s', (error, expected) => {
    expect(isConnectionLoss(error)).toBe(expected);
  });
});

it.each([
  ['ENOENT', false, 'Create its directory'],
  ['ENOTDIR', false, 'a file in a directory'],
  ['EISDIR', false, 'not of a directory'],
  ['ELOOP', false, 'leads to itself'],
  ['EACCES', false, 'Let the user'],
  ['EPERM', false, 'Let the user'],
  ['EROFS', false, 'that can be written'],
  ['EBUSY', true, 'Mount the directory'],
  ['ENOSPC', true, 'Make room on the disk'],
  ['EDQUOT', true, 'quota'],
  ['EIO', true, 'Check the disk and the path'],
])('a file system that fails with %s may be tried again: %s', (code, retryable, fix) => {
  const failure = fileFailure('Saving', '/x', Object.assign(new Error('no'), { code }));
  expect(failure.retryable).toBe(retryable);
  expect(failure.message).toMatch(
    new RegExp(`^Saving the refresh token store /x failed \\(${code}\\)\\. .*${fix}`),
  );
});

describe('a key ring', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
  const text = key.toString('base64url');

  it.each<[string, unknown, string]>([
    ['nothing', undefined, '"keys": missing. Give { current, keys }.'],
    ['no keys', { current: 'a' }, '"keys.keys": missing. Give the keys by their ids.'],
    [
      'an empty one',
      { current: 'a', keys: {} },
      '"keys.current": not the id of a key. Give the id of one of the keys: none.',
    ],
    [
      'no current one',
      { keys: { a: key, b: text } },
      '"keys.current": missing. Give the id of one of the keys: "a", "b".',
    ],
    ['a key without an id', { current: 'a', keys: { '': key } }, '"keys.keys": a key has an empty id.'],
    [
      'a short key',
      { current: 'a', keys: { a: key.subarray(1) } },
      '"keys.keys.a": has 31 bytes. Give 32 random bytes',
    ],
    [
      'a key of one byte',
      { current: 'a', keys: { a: Buffer.alloc(32, 7) } },
      '"keys.keys.a": all its bytes are the same.',
    ],
    [
      'a text that is not base64url',
      { current: 'a', keys: { a: `${text.slice(1)}+` } },
      '"keys.keys.a": a string.',
    ],
    ['a number', { current: 'a', keys: { a: 7 } }, '"keys.keys.a": 7.'],
    ['another option', { current: 'a', keys: { a: key }, old: 'b' }, '"keys.old": no such option.'],
  ])('is not %s', (_, options, text) => {
    expect(messageOf(() => new KeyRing(options as never))).toContain(`Invalid option ${text}`);
  });

  it('encrypts with the current key, for its store', async () => {
    const keys = new KeyRing({ current: 'a', keys: { a: key, b: text.replace('A', 'B') } });
    const cipher = new TokenCipher(keys, 'mine');
    const sealed = await cipher.encrypt(grant('secret'));
    expect([isEncrypted(sealed), keyIdOf(sealed), cipher.isCurrent(sealed)]).toEqual([true, 'a', true]);
    await expect(cipher.decrypt(sealed)).resolves.toEqual(grant('secret'));
    await expect(new TokenCipher(keys, 'other', ['mine']).decrypt(sealed)).resolves.toEqual(grant('secret'));
    expect(new TokenCipher(keys, 'other', ['mine']).isCurrent(sealed)).toBe(false);
    await expect(new TokenCipher(keys, 'other').decrypt(sealed)).rejects.toThrow(
      'it was encrypted for the store "mine", and this one is "other". It is left as it is. If it was moved here on purpose',
    );
    const later = new TokenCipher(new KeyRing({ current: 'b', keys: { b: key } }), 'mine');
    expect(later.isCurrent(sealed)).toBe(false);
    await expect(later.decrypt(sealed)).rejects.toThrow('with the key "a", which is not in the key ring');
    const renamed = new TokenCipher(
      new KeyRing({ current: 'a', keys: { a: text.replace('A', 'B') } }),
      'mine',
    );
    await expect(renamed.decrypt(sealed)).rejects.toThrow('it does not decrypt with the key "a"');
    await expect(cipher.decrypt('x')).rejects.toThrow('it is not a whole JWE of this package');
    expect([isEncrypted('plain'), keyIdOf('plain')]).toEqual([false, undefined]);
    expect(isEncrypted('a..b.c.d')).toBe(true);
    const signed = `${btoa('{"alg":"RS256","kid":"a","store":"mine"}')}.e30.x`;
    expect([isEncrypted(signed), keyIdOf(signed)]).toEqual([false, undefined]);
  });

  it('needs the package jose', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadJose(() => Promise.reject(missing))).rejects.toThrow(
      'Invalid option "keys": "jose" could not be loaded (ERR_MODULE_NOT_FOUND). Run `npm install jose`. Under jest',
    );
  });
});

describe('the holder of a lock', () => {
  it('is silent for as long as its heartbeat was seen unchanged, by the clock of the observer', () => {
    const monitor = new HeartbeatMonitor();
    const look = (id: string, heartbeat: number, now: number): number =>
      monitor.note('/lock', { id, heartbeat } as never, now, 1_000);
    expect([look('a', 1, 0), look('a', 1, 400), look('a', 1, 5_000)]).toEqual([0, 400, 1_400]);
    expect(look('a', 1, 4_000)).toBe(1_400);
    expect(look('a', 2, 5_000)).toBe(0);
    expect(look('b', 2, 5_100)).toBe(0);
    expect(look('b', 2, 5_200)).toBe(100);
  });

  it.each([
    ['7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20', { state: 'running', start: '4711' }],
    ['7 (node) Z 1', { state: 'gone' }],
    ['7 (node) X 1', { state: 'gone' }],
  ])('is read from %s', (stat, status) => {
    expect(parseStat(stat)).toEqual(status);
  });
});

it('errors of a store are told apart by name', () => {
  expect(new RefreshTokenStoreError('a', 'b').name).toBe('RefreshTokenStoreError');
  expect(new RefreshTokenConflictError('a').name).toBe('RefreshTokenConflictError');
  expect(new RefreshTokenUnreadableError('a', 'b').name).toBe('RefreshTokenUnreadableError');
});
