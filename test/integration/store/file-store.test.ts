import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  FileRefreshTokenStore,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
} from 'nestjs-entra-auth';

import { deferred } from '../../../lib/common/deadline.js';
import { removeEntry } from '../../../lib/store/file/lock-entry.js';
import type { LockHolder } from '../../../lib/store/file/lock-holder.js';
import { thisProcess } from '../../../lib/store/file/process-status.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { grant } from './stores.fixture.js';

let directory: string;
let path: string;
let lockPath: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-store-'));
  path = join(directory, 'token.json');
  lockPath = `${path}.lock`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type StoreOptions = ConstructorParameters<typeof FileRefreshTokenStore>[0];

const open = (options: Partial<StoreOptions> = {}) => new FileRefreshTokenStore({ path, ...options });
const enter = (store: FileRefreshTokenStore, timeoutInMs?: number): Promise<string> =>
  store.exclusive(() => Promise.resolve('entered'), timeoutInMs === undefined ? {} : { timeoutInMs });
const modeOf = (file: string): string => (statSync(file).mode & 0o7777).toString(8);

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as Error,
  );
}

/**
 * Lets the clock run until the promise settles. Files take no time of this clock: it stands while one is waited for.
 *
 * @param timers how many there are when nothing is to be done but wait: the deadline, and the next look at the lock
 */
async function whileTimePasses<T>(
  clock: ManualClock,
  promise: Promise<T>,
  timers = 2,
): Promise<{ value: T; tookInMs: number }> {
  const began = clock.now();
  let settled = false;
  const mark = (): void => void (settled = true);
  promise.then(mark, mark);
  while (!settled) {
    // The disk may be slow: whatever was asked of it before these is done after them.
    for (let look = 0; look < 3; look++) await stat(directory);
    if (clock.pendingTimers >= timers) await clock.advance(20);
  }
  return { value: await promise, tookInMs: clock.now() - began };
}

function writeLock(holder: Partial<LockHolder> & { id: string }): void {
  writeFileSync(lockPath, JSON.stringify({ host: hostname(), pid: 1, ...holder }));
}

/** The id of a process that has ended. */
const endedProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const id = '00112233445566aa';

describe('the file', () => {
  it('can be read by its user only, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await open().save(grant(), undefined);
    } finally {
      process.umask(before);
    }

    expect(modeOf(path)).toBe('600');
    expect(readdirSync(directory)).toEqual(['token.json']);
  });

  it('has mode 0660 where the group is let in', async () => {
    const store = open({ allowGroupAccess: true });
    const { version } = await store.save(grant(), undefined);
    expect(modeOf(path)).toBe('660');
    await expect(store.save(grant(), version)).resolves.toBeDefined();
    await expect(open().load()).rejects.toThrow('chmod 600');
  });

  it.each(['640', '604', '620', '602', '660'])('is refused with mode %s, and left as it is', async (mode) => {
    const { version } = await open().save(grant('before'), undefined);
    chmodSync(path, Number.parseInt(mode, 8));

    const errors = [await errorOf(open().load()), await errorOf(open().save(grant('after'), version))];

    for (const error of errors) {
      expect(error).toBeInstanceOf(RefreshTokenStoreError);
      expect(error).toMatchObject({ retryable: false, fix: expect.stringContaining(`chmod 600 '${path}'`) });
    }
    expect(readFileSync(path, 'utf8')).toContain('before');
  });

  it('is refused in a directory that everybody can write to, but not in one like /tmp', async () => {
    chmodSync(directory, 0o777);
    await expect(open().load()).rejects.toThrow(`chmod o-w '${directory}'`);
    await expect(open().save(grant(), undefined)).rejects.toThrow(RefreshTokenStoreError);
    expect(readdirSync(directory)).toEqual([]);

    chmodSync(directory, 0o1777);
    await expect(open().save(grant(), undefined)).resolves.toBeDefined();
  });

  it.each<[string, () => string]>([
    ['no directory', () => join(directory, 'missing/token.json')],
    ['a directory', () => directory],
    [
      'a file for a directory',
      () => (writeFileSync(join(directory, 'x'), ''), join(directory, 'x/token.json')),
    ],
    ['a link to itself', () => (symlinkSync('loop', join(directory, 'loop')), join(directory, 'loop'))],
  ])('gives a typed error that does not pass: %s', async (_, place) => {
    const store = open({ path: place() });

    for (const error of [await errorOf(store.load()), await errorOf(store.save(grant(), undefined))]) {
      expect(error).toBeInstanceOf(RefreshTokenStoreError);
      expect(error).toMatchObject({ retryable: false });
    }
    expect(readdirSync(directory).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('is replaced behind a symbolic link, which stays; both paths share the lock', async () => {
    const links = join(directory, 'links');
    mkdirSync(links);
    symlinkSync('../token.json', join(links, 'linked'));
    const linked = open({ path: join(links, 'linked') });

    const first = await linked.save(grant('through the link'), undefined);
    expect(readdirSync(links)).toEqual(['linked']);
    await open().save(grant('directly'), first.version);

    expect((await linked.load())?.value.refreshToken).toBe('directly');
    await open().exclusive(async () => {
      await expect(enter(linked, 30)).rejects.toThrow(`the process ${process.pid} on ${hostname()} holds it`);
    });
  });

  it.each<[string, (text: string) => string]>([
    ['half of it', (text) => text.slice(0, text.length / 2)],
    ['no JSON', (text) => `x${text}`],
    ['other JSON', () => '{"refresh_token":"secret-of-another-program"}'],
    ['one changed character', (text) => text.replace('secret-token', 'secret-tokem')],
    ['another time', (text) => text.replace(/"obtainedOnTimestamp":\d/, '"obtainedOnTimestamp":9')],
    ['a later format', (text) => text.replace('"format":1', '"format":2')],
  ])('is not overwritten when it is damaged: %s', async (_, damage) => {
    const store = open();
    const { version } = await store.save(grant('secret-token'), undefined);
    const content = damage(readFileSync(path, 'utf8'));
    writeFileSync(path, content);

    const errors = [
      await errorOf(store.load()),
      await errorOf(store.save(grant(), version)),
      await errorOf(store.save(grant(), undefined)),
      await errorOf(store.exclusive((access) => access.save(grant(), version))),
    ];

    for (const error of errors) {
      expect(error).toBeInstanceOf(RefreshTokenUnreadableError);
      expect(`${error.stack} ${String(error.cause)}`).not.toContain('secret');
    }
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('is tidied of what killed processes left, and of nothing else', async () => {
    const mine = [
      'token.json.bak',
      'token.json.0011223344556677',
      'token.jsonx.0011223344556677.tmp',
      'token.json.tmp',
    ];
    const left = [
      '.0011223344556677.tmp',
      '.lock.0011223344556677.tmp',
      `.lock.${id}`,
      `.lock.${id}.removed`,
    ];
    for (const name of [...mine, ...left.map((end) => `token.json${end}`)])
      writeFileSync(join(directory, name), '');

    await open().save(grant(), undefined);

    expect(readdirSync(directory).sort()).toEqual([...mine, 'token.json'].sort());
  });
});

describe('the lock', () => {
  it('names its holder while it is held, and is gone afterwards', async () => {
    const held = await open().exclusive(() =>
      Promise.resolve(JSON.parse(readFileSync(lockPath, 'utf8')) as LockHolder),
    );

    expect(held).toMatchObject({
      pid: process.pid,
      host: hostname(),
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is taken at once from a process that has ended', async () => {
    const { place } = await thisProcess();
    writeLock({ id, pid: endedProcess(), place: place!, processStart: '1' });

    // No time passes on this clock.
    await expect(enter(open({ clock: new ManualClock() }))).resolves.toBe('entered');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is taken at once when the process id is another process now', async () => {
    const { place } = await thisProcess();
    writeLock({ id, pid: process.ppid, place: place!, processStart: '1' });

    await expect(enter(open({ clock: new ManualClock() }))).resolves.toBe('entered');
  });

  it('is never taken from a process that lives, however silent', async () => {
    const { place } = await thisProcess();
    const processStart = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
      .split(') ')
      .at(-1)!
      .split(' ')[19]!;
    writeLock({ id, pid: process.ppid, place: place!, processStart });
    const clock = new ManualClock();

    const { value } = await whileTimePasses(clock, errorOf(enter(open({ clock }))));

    expect(value).toBeInstanceOf(RefreshTokenStoreError);
    expect(value.message).toContain('30000 ms');
    expect(readFileSync(lockPath, 'utf8')).toContain(id);
  });

  it.each<[string, string]>([
    [
      'on another machine',
      JSON.stringify({ id, host: 'other', pid: 7, place: 'elsewhere', processStart: '1' }),
    ],
    ['in an unknown place', JSON.stringify({ id, host: 'other', pid: 7 })],
    ['that is empty', ''],
    ['half written', '{"id":"001'],
  ])('is taken after fifteen seconds from a silent holder %s', async (_, content) => {
    writeFileSync(lockPath, content);
    const clock = new ManualClock();

    const { value, tookInMs } = await whileTimePasses(clock, enter(open({ clock })));

    expect(value).toBe('entered');
    expect(tookInMs).toBeGreaterThanOrEqual(15_000);
    expect(tookInMs).toBeLessThan(16_000);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is taken after fifteen seconds also when each attempt is shorter', async () => {
    writeLock({ id, host: 'other', pid: 7, place: 'elsewhere' });
    const clock = new ManualClock();
    const store = open({ clock });

    const first = await whileTimePasses(clock, errorOf(enter(store, 10_000)));
    expect(first.value).toBeInstanceOf(RefreshTokenStoreError);
    const second = await whileTimePasses(clock, enter(store, 10_000));
    expect(second.value).toBe('entered');
    expect(second.tookInMs).toBeGreaterThanOrEqual(4000);
  });

  it('that could not be removed, since its volume was gone, is taken at once when that is back', async () => {
    const store = open({ clock: new ManualClock() });
    const away = `${directory} away`;
    await store.exclusive(() => Promise.resolve(renameSync(directory, away)));
    await expect(enter(store)).rejects.toThrow('ENOENT');
    renameSync(away, directory);
    expect(readdirSync(directory)).toEqual(['token.json.lock']);

    await expect(enter(store)).resolves.toBe('entered');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is not taken from a holder elsewhere that shows life', async () => {
    writeLock({ id, host: 'other', pid: 7, place: 'elsewhere' });
    const clock = new ManualClock();
    let heartbeats = 0;
    const beat = (): void => {
      utimesSync(lockPath, 1000 + ++heartbeats, 1000 + heartbeats);
      clock.setTimeout(beat, 3000);
    };
    clock.setTimeout(beat, 3000);

    const { value } = await whileTimePasses(clock, errorOf(enter(open({ clock }), 60_000)), 3);

    expect(value).toBeInstanceOf(RefreshTokenStoreError);
    expect(value.message).toContain('the process 7 on other holds it');
    expect(heartbeats).toBeGreaterThanOrEqual(19);
  });

  it('does not take a clock that is set forward for a missing heartbeat', async () => {
    writeLock({ id, host: 'other', pid: 7, place: 'elsewhere' });
    const clock = new ManualClock();
    const entering = errorOf(enter(open({ clock }), 5000));
    await clock.advance(500);
    clock.jump(3_600_000);

    expect((await whileTimePasses(clock, entering)).value).toBeInstanceOf(RefreshTokenStoreError);
  });

  it('shows life while it is held', async () => {
    const clock = new ManualClock();
    const leave = deferred<void>();
    const entered = deferred<void>();
    const work = open({ clock }).exclusive(() => {
      entered.resolve();
      return leave.promise;
    });
    await entered.promise;
    utimesSync(lockPath, 1000, 1000);
    const seen = new Set<number>();
    for (let n = 0; n < 10; n++) {
      await clock.advance(3000);
      while (statSync(lockPath).mtimeMs === 1_000_000) await setImmediate();
      seen.add(statSync(lockPath).mtimeMs);
      utimesSync(lockPath, 1000, 1000);
    }
    leave.resolve();
    await work;

    expect(seen.size).toBeGreaterThan(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('saves nothing for a holder that has lost it, and leaves the new holder its lock', async () => {
    const store = open();
    const { version } = await store.save(grant('before'), undefined);

    const error = await errorOf(
      store.exclusive((access) => {
        unlinkSync(lockPath);
        writeLock({ id, host: 'other', pid: 7, place: 'elsewhere' });
        return access.save(grant('too late'), version);
      }),
    );

    expect(error).toBeInstanceOf(RefreshTokenStoreError);
    expect(error).toMatchObject({ retryable: true });
    expect((await store.load())?.value.refreshToken).toBe('before');
    expect(readFileSync(lockPath, 'utf8')).toContain(id);
    expect(readdirSync(directory).sort()).toEqual(['token.json', 'token.json.lock']);
  });

  it('is removed by one of many who find the same dead holder, and only for that holder', async () => {
    const { place } = await thisProcess();
    const pid = endedProcess();
    for (let round = 0; round < 20; round++) {
      writeLock({ id, pid, place: place!, processStart: '1' });
      const removers = await Promise.all(Array.from({ length: 10 }, () => thisProcess()));
      const removals = await Promise.all(
        removers.map((remover) => removeEntry(lockPath, id, remover, () => Promise.resolve(false))),
      );
      expect(removals.filter(Boolean)).toHaveLength(1);
    }

    writeLock({ id: 'ffffffffffffffff' });
    const late = await removeEntry(lockPath, id, await thisProcess(), () => Promise.resolve(false));
    expect(late).toBe(false);
    expect(readFileSync(lockPath, 'utf8')).toContain('ffffffffffffffff');
    expect(readdirSync(directory)).toEqual(['token.json.lock']);
  });

  it('is no loss to a remover when the next holder has tidied it away', async () => {
    const { place } = await thisProcess();
    for (let turns = 0; turns < 400; turns++) {
      writeLock({ id, pid: 1, place: place!, processStart: '1' });
      const removal = removeEntry(lockPath, id, await thisProcess(), () => Promise.resolve(false));
      for (let turn = 0; turn < turns % 40; turn++) await setImmediate();
      rmSync(lockPath, { force: true });
      expect(typeof (await removal)).toBe('boolean');
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is had although the one who was removing a dead holder died over it', async () => {
    const { place } = await thisProcess();
    const dead = { pid: endedProcess(), place: place!, processStart: '1' };
    writeLock({ id, ...dead });
    const right = { host: hostname(), ...dead, id: 'aaaaaaaaaaaaaaaa' };
    writeFileSync(`${lockPath}.${id}`, JSON.stringify(right));
    const clock = new ManualClock();

    const { value, tookInMs } = await whileTimePasses(clock, enter(open({ clock })));

    expect(value).toBe('entered');
    expect(tookInMs).toBeLessThan(200);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('keeps no process alive and leaves no timer', async () => {
    const clock = new ManualClock();
    await enter(open({ clock }));

    expect(clock.pendingTimers).toBe(0);
    expect(existsSync(lockPath)).toBe(false);
  });

  it('waits for a lock on which a second name still stands', async () => {
    // A holder that was killed between naming the lock and removing the name it was written under.
    const { place } = await thisProcess();
    writeLock({ id, pid: endedProcess(), place: place!, processStart: '1' });
    linkSync(lockPath, `${lockPath}.0011223344556677.tmp`);

    await expect(enter(open({ clock: new ManualClock() }))).resolves.toBe('entered');
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('the options', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'options'],
    ['an empty path', { path: '' }, 'path'],
    ['a path that is a number', { path: 1 }, 'path'],
    ['an unknown option', { path: 'x', mode: 0o600 }, 'mode'],
    ['a staleness of nothing', { path: 'x', staleAfterInMs: 0 }, 'staleAfterInMs'],
    ['a word for a boolean', { path: 'x', allowGroupAccess: 'yes' }, 'allowGroupAccess'],
  ])('are refused by name: %s', (_, options, option) => {
    expect(() => new FileRefreshTokenStore(options as StoreOptions)).toThrow(`"${option}"`);
  });

  it('takes no timeout that a timer cannot count', async () => {
    await expect(enter(open(), -1)).rejects.toThrow('"timeoutInMs"');
    await expect(enter(open(), Number.NaN)).rejects.toThrow('"timeoutInMs"');
  });
});
