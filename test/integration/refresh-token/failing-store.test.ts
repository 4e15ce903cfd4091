import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EncryptedRefreshTokenStore,
  RefreshTokenCredential,
  RefreshTokenStoreError,
  RefreshTokenUnreadableError,
  type RefreshTokenCredentialOptions,
} from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { goodBody, ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';

const graph = 'https://graph.microsoft.com/.default';
const now = Date.UTC(2026, 0, 1);
const broken = new Error('disk full, secret=hush');

let server: ScriptedTokenServer;
let clock: ManualClock;
let store: FaultyStore;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  clock = new ManualClock(now);
  store = new FaultyStore({ refreshToken: 'stored', obtainedOnTimestamp: now });
});

const credentialWith = (options: Partial<RefreshTokenCredentialOptions> = {}) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    clientSecret: 'the-secret',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    store,
    // Far less than the deadline of requests, which real I/O must keep while the clock is moved.
    storeTimeoutInMs: 50,
    clock,
    ...options,
  });

/** Moves the clock until a call has settled that waits for deadlines and for real I/O. */
async function settled<T>(call: Promise<T>): Promise<T> {
  let done = false;
  const mark = (): void => void (done = true);
  call.then(mark, mark);
  while (!done) await clock.advance(1);
  return call;
}

describe('a store that cannot be written', () => {
  it('withholds no access token, and gets the new refresh token later by itself', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    expect(credential.state()).toMatchObject({
      name: 'degraded',
      problem: expect.stringMatching(/waits in memory.*disk full/) as unknown,
      fix: expect.stringMatching(/^Do not restart/) as unknown,
    });
    expect(await store.refreshToken()).toBe('stored');
    expect(await credential.flush()).toBe(false);
    store.saveFault = undefined;
    await clock.advance(60_000);
    expect(await store.refreshToken()).toBe('refresh-1');
    expect(credential.state()).toMatchObject({ name: 'ready' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is written before the next redemption, which redeems what was not stored', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await credential.getToken(graph);
    await credential.getToken(graph);
    store.saveFault = undefined;
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'refresh-2']);
    expect(store.saved.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-2', 'refresh-3']);
    expect(credential.state().name).toBe('ready');
    await credential.close();
  });

  it('leaves no timer behind a credential that is closed', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await credential.getToken(graph);
    expect(clock.pendingTimers).toBe(1);
    await credential.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('gets what is unsaved when the credential is closed', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await credential.getToken(graph);
    store.saveFault = undefined;
    await credential.close();
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('is tried in intervals that grow to a minute', async () => {
    store.saveFault = broken;
    let tries = 0;
    const credential = credentialWith();
    await credential.getToken(graph);
    const save = store.save.bind(store);
    store.save = (value, version) => {
      tries++;
      return save(value, version);
    };
    await clock.advance(3_600_000);
    expect(tries).toBeGreaterThan(60);
    expect(tries).toBeLessThan(150);
    await credential.close();
  });

  it('loses to what another process has stored meanwhile, and serves when that is refused', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await credential.getToken(graph);
    store.saveFault = undefined;
    await store.put('theirs', now);
    server.answer(({ form }, response) => {
      if (form['refresh_token'] === 'refresh-1') response.end(JSON.stringify(goodBody(2)));
      else response.writeHead(400).end('{"error":"invalid_grant"}');
    });
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'theirs', 'refresh-1']);
    expect(await store.refreshToken()).toBe('refresh-2');
  });

  it('that writes after all, too late, is believed', async () => {
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    store.beforeSave = () => finished;
    const credential = credentialWith();
    await settled(credential.getToken(graph));
    expect(credential.state().name).toBe('degraded');
    finish();
    store.beforeSave = undefined;
    expect(await credential.flush()).toBe(true);
    expect(store.saved.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-1']);
  });
});

it.each([
  ['written', 'saveFault'],
  ['read', 'loadFault'],
] as const)('quotes no token when it cannot be %s', async (_, part) => {
  const credential = credentialWith();
  await credential.getToken(graph);
  const told = 'of stored, refresh-1, refresh-2, access-1 or access-2';
  store[part] = new Error(`bad row ${told}`, { cause: new Error(told) });
  await credential.getToken(graph);
  const { problem = '' } = credential.state();
  expect(problem).toMatch(/bad row/);
  expect(problem).not.toMatch(part === 'saveFault' ? /refresh-[12]|access-[12]/ : /refresh-1|access-1/);
  await credential.close();
});

describe('a store that hangs while a token is at hand', () => {
  const storeTimeoutInMs = 10_000;

  /** Asks for a token, until the store is being written that never ends. */
  async function asked(credential: RefreshTokenCredential, abortSignal?: AbortSignal) {
    let saving = false;
    store.beforeSave = () => {
      saving = true;
      return new Promise(() => undefined);
    };
    const call = credential.getToken(graph, abortSignal === undefined ? {} : { abortSignal });
    call.catch(() => undefined);
    while (!saving) await new Promise((resolve) => setImmediate(resolve));
    return { call };
  }

  /** A call that gives up while its token is written, after which the store is well again. */
  async function askInVain(credential: RefreshTokenCredential): Promise<void> {
    const controller = new AbortController();
    const { call } = await asked(credential, controller.signal);
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await clock.advance(5_000);
    store.beforeSave = undefined;
  }

  it('withholds it for five seconds when it is written', async () => {
    const credential = credentialWith({ storeTimeoutInMs });
    const { call } = await asked(credential);
    await clock.advance(4_999);
    expect(await settlesAtOnce(call)).toBe(false);
    await clock.advance(1);
    await expect(call).resolves.toMatchObject({ token: 'access-1' });
    expect(credential.state().problem).toMatch(/could not be written within 5000 ms/);
    store.beforeSave = undefined;
    await credential.close();
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('does not withhold it when it is left, but flush() waits', async () => {
    let leave!: () => void;
    const leaving = new Promise<void>((resolve) => (leave = resolve));
    const exclusive = store.exclusive.bind(store);
    store.exclusive = async (work, options) => {
      const result = await exclusive(work, options);
      await leaving;
      return result;
    };
    const credential = credentialWith({ storeTimeoutInMs });
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    const flushed = credential.flush();
    await clock.advance(100);
    expect(await settlesAtOnce(flushed)).toBe(false);
    leave();
    await expect(flushed).resolves.toBe(true);
    await credential.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not locked again before it is unlocked', async () => {
    let inside = 0;
    const most: number[] = [];
    const exclusive = store.exclusive.bind(store);
    store.exclusive = async (work, options) => {
      most.push(++inside);
      const result = await exclusive(work, options);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      inside--;
      return result;
    };
    const credential = credentialWith({ storeTimeoutInMs });
    await credential.getToken(graph);
    await credential.getToken(graph);
    expect(most).toEqual([1, 1]);
    await credential.close();
    expect(inside).toBe(0);
  });

  it('is waited for no longer than five seconds when it does not let itself be left', async () => {
    const exclusive = store.exclusive.bind(store);
    store.exclusive = async (work, options) => {
      await exclusive(work, options);
      return new Promise(() => undefined);
    };
    const credential = credentialWith({ storeTimeoutInMs });
    await credential.getToken(graph);
    const flushed = credential.flush();
    await clock.advance(5_000);
    await expect(flushed).resolves.toBe(true);
  });

  it.each([true, false])(
    'keeps the token for the next call when the caller has given up (shareAccessTokens: %s)',
    async (shareAccessTokens) => {
      const credential = credentialWith({ storeTimeoutInMs, shareAccessTokens });
      await askInVain(credential);
      await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
      expect(server.redeemed).toEqual(['stored']);
      await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-2' });
      await credential.close();
    },
  );

  it('keeps it for no more than half of its life, and only for the same request', async () => {
    const credential = credentialWith({ storeTimeoutInMs });
    await askInVain(credential);
    await expect(credential.getToken('api://other/.default')).resolves.toMatchObject({ token: 'access-2' });
    clock.jump(30 * 60_000);
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-3' });
    await credential.close();
  });
});

describe('a store that goes back to an older state', () => {
  it('gets the successor once more, and what was replaced is not redeemed again', async () => {
    const credential = credentialWith();
    await credential.getToken(graph);
    await credential.getToken(graph);
    await store.put('refresh-1', now);
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'refresh-2']);
    expect(store.saved.map(({ refreshToken }) => refreshToken)).toEqual([
      'refresh-1',
      'refresh-2',
      'refresh-2',
      'refresh-3',
    ]);
    expect(credential.state().name).toBe('ready');
  });

  it('gets one too that was never stored, and what was replaced is not redeemed again', async () => {
    const credential = credentialWith();
    await credential.redeem();
    store.saveFault = broken;
    await credential.redeem();
    store.saveFault = undefined;
    await store.put('stored', now);
    expect(await credential.flush()).toBe(true);
    expect(await store.refreshToken()).toBe('refresh-2');
    await credential.redeem();
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'refresh-2']);
  });

  it('gets a successor too that was refused for a while', async () => {
    const credential = credentialWith();
    await credential.getToken(graph);
    server.refuse('invalid_grant', 50173);
    await expect(credential.getToken(graph)).rejects.toMatchObject({ aadsts: 50173 });
    server.rotate({ refresh_token: undefined });
    await credential.getToken(graph);
    await store.put('stored', now);
    await credential.redeem();
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'refresh-1', 'refresh-1']);
  });

  it('is believed when the successor was refused: an operator may have restored it', async () => {
    const credential = credentialWith();
    await credential.getToken(graph);
    server.refuse('invalid_grant', 50173);
    await expect(credential.getToken(graph)).rejects.toMatchObject({ aadsts: 50173 });
    await store.put('stored', now);
    server.rotate();
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'stored']);
  });
});

it('still knows after many redemptions without the store what that holds', async () => {
  const credential = credentialWith();
  store.saveFault = broken;
  await credential.getToken(graph);
  store.exclusiveFault = broken;
  for (let round = 0; round < 205; round++) await credential.redeem();
  store.exclusiveFault = store.saveFault = undefined;
  await credential.redeem();
  expect(server.redeemed.slice(-2)).toEqual(['refresh-205', 'refresh-206']);
  expect(await store.refreshToken()).toBe('refresh-207');
});

it('does no work under a lock that comes after the deadline', async () => {
  let letIn!: () => void;
  const free = new Promise<void>((resolve) => (letIn = resolve));
  const exclusive = store.exclusive.bind(store);
  let ended = false;
  store.exclusive = (work) =>
    free
      .then(() => exclusive(work))
      .finally(() => {
        ended = true;
      });
  const credential = credentialWith({ refreshToken: 'initial' });
  await settled(credential.getToken(graph));
  letIn();
  while (!ended) await new Promise((resolve) => setImmediate(resolve));
  expect(server.redeemed).toEqual(['initial']);
  expect(await store.refreshToken()).toBe('stored');
  await settled(credential.close());
});

describe('access tokens that others have stored', () => {
  const other = 'api://other/.default';
  const theirs = { token: 'theirs', acquiredOnTimestamp: now, expiresOnTimestamp: now + 3_600_000 };
  const key = `contoso.example|${other}`;

  beforeEach(() => {
    store = new FaultyStore({
      refreshToken: 'stored',
      obtainedOnTimestamp: now,
      accessTokens: { [key]: theirs },
    });
  });

  it('serve no longer when the refresh token is newer than the store', async () => {
    store.saveFault = broken;
    const credential = credentialWith();
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    await expect(credential.getToken(other)).resolves.toMatchObject({ token: 'access-2' });
    await credential.close();
  });

  it('are kept when a refresh token is stored that was obtained without the store', async () => {
    store.loadFault = broken;
    const credential = credentialWith({ refreshToken: 'stored' });
    await credential.getToken(graph);
    store.loadFault = undefined;
    await credential.close();
    expect((await store.load())?.value).toMatchObject({
      refreshToken: 'refresh-1',
      accessTokens: { [key]: theirs, [`contoso.example|${graph}`]: { token: 'access-1' } },
    });
  });
});

describe('a conflict', () => {
  it('leaves what another process has stored, and keeps its own as the fallback', async () => {
    store.beforeSave = async () => {
      store.beforeSave = undefined;
      await store.put('theirs', now);
    };
    const credential = credentialWith();
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
    expect(await store.refreshToken()).toBe('theirs');
    expect(credential.state().name).toBe('ready');
    server.answer(({ form }, response) => {
      if (form['refresh_token'] === 'refresh-1') response.end(JSON.stringify(goodBody(2)));
      else response.writeHead(400).end('{"error":"invalid_grant"}');
    });
    await credential.getToken(graph);
    expect(server.redeemed).toEqual(['stored', 'theirs', 'refresh-1']);
  });

  it('with a process that stored the same refresh token does not count: the successor is stored', async () => {
    store.beforeSave = async () => {
      store.beforeSave = undefined;
      await store.put('stored', now);
    };
    await credentialWith().getToken(graph);
    expect(await store.refreshToken()).toBe('refresh-1');
  });
});

describe.each([
  ['cannot be read', 'loadFault', broken],
  ['cannot be had', 'exclusiveFault', broken],
  ['does not answer', 'loadFault', 'hang'],
  ['cannot be locked', 'exclusiveFault', 'hang'],
  ['holds what cannot be read', 'loadFault', new RefreshTokenUnreadableError('Damaged.', 'Repair it.')],
] as const)('a store that %s', (_, part, fault) => {
  it('is done without, with what is in memory', async () => {
    const credential = credentialWith();
    await credential.getToken(graph);
    store[part] = fault;
    await expect(settled(credential.getToken(graph))).resolves.toMatchObject({ token: 'access-2' });
    await expect(settled(credential.getToken(graph))).resolves.toMatchObject({ token: 'access-3' });
    expect(server.redeemed).toEqual(['stored', 'refresh-1', 'refresh-2']);
    expect(credential.state().name).toBe('degraded');
    expect(await store.refreshToken()).toBe('refresh-1');
    store[part] = undefined;
    await settled(credential.close());
    expect(await store.refreshToken()).toBe('refresh-3');
    expect(credential.state().name).toBe('ready');
  });

  it('is done without, with the token of the options, and gets its successor if it held that token', async () => {
    store[part] = fault;
    const credential = credentialWith({ refreshToken: 'stored' });
    await expect(settled(credential.getToken(graph))).resolves.toMatchObject({ token: 'access-1' });
    store[part] = undefined;
    await settled(credential.close());
    expect(await store.refreshToken()).toBe('refresh-1');
  });

  it('is not taken for an empty one at the start of a process', async () => {
    store[part] = fault;
    const credential = credentialWith();
    const error: unknown = await settled(credential.getToken(graph)).catch((thrown: unknown) => thrown);
    expect([RefreshTokenStoreError, RefreshTokenUnreadableError]).toContain((error as Error).constructor);
    expect(server.received).toHaveLength(0);
    expect(credential.state().name).toBe('degraded');
    store[part] = undefined;
    await expect(settled(credential.getToken(graph))).resolves.toMatchObject({ token: 'access-1' });
    expect(credential.state().name).toBe('ready');
    await settled(credential.close());
  });

  it('stops everything when it is told to, until it is well again', async () => {
    const credential = credentialWith({ whenStoreFails: 'stop' });
    await credential.getToken(graph);
    store[part] = fault;
    const error: unknown = await settled(credential.getToken(graph)).catch((thrown: unknown) => thrown);
    expect([RefreshTokenStoreError, RefreshTokenUnreadableError]).toContain((error as Error).constructor);
    expect(server.redeemed).toEqual(['stored']);
    expect(credential.state().name).toBe('degraded');
    store[part] = undefined;
    await expect(settled(credential.getToken(graph))).resolves.toMatchObject({ token: 'access-2' });
    expect(credential.state().name).toBe('ready');
  });
});

it('redeems what is unsaved even when told to stop: no other process can have it', async () => {
  store.saveFault = broken;
  const credential = credentialWith({ whenStoreFails: 'stop' });
  await credential.getToken(graph);
  store.exclusiveFault = broken;
  await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-2' });
  expect(server.redeemed).toEqual(['stored', 'refresh-1']);
  await credential.close();
});

it('neither sends nor overwrites an encrypted record that it was given without the keys', async () => {
  const keys = { current: 'k1', keys: { k1: randomBytes(32) } };
  const inner = new FaultyStore();
  await new EncryptedRefreshTokenStore({ store: inner, keys }).save(
    { refreshToken: 'hidden', obtainedOnTimestamp: now },
    undefined,
  );
  const record = await inner.refreshToken();
  const bare = credentialWith({ store: inner, refreshToken: 'initial' });
  await expect(bare.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
  expect(server.redeemed).toEqual(['initial']);
  expect(bare.state()).toMatchObject({ name: 'degraded', problem: expect.stringMatching(/"k1"/) as unknown });
  await bare.close();
  expect(await inner.refreshToken()).toBe(record);

  const stopped = credentialWith({ store: inner, whenStoreFails: 'stop' });
  await expect(stopped.getToken(graph)).rejects.toBeInstanceOf(RefreshTokenUnreadableError);
  expect(server.redeemed).toEqual(['initial']);
});

it('takes a store that answers null for an empty one', async () => {
  const empty = new FaultyStore();
  empty.load = async () => (await empty.inner.load()) ?? (null as never);
  const credential = credentialWith({ store: empty, refreshToken: 'initial' });
  await credential.getToken(graph);
  expect(await empty.refreshToken()).toBe('refresh-1');
  expect(credential.state().name).toBe('ready');
});

it('reports that there is no refresh token at all', async () => {
  const empty = credentialWith({ store: new FaultyStore() });
  await expect(empty.getToken(graph)).rejects.toMatchObject({
    code: 'ENTRA_REAUTHENTICATION_REQUIRED',
    message: expect.stringMatching(/the store is empty/) as unknown,
  });
  expect(server.received).toHaveLength(0);
});
