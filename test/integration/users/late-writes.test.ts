import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RefreshTokenAccess, RefreshTokenStore } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInStore } from 'nestjs-entra-auth/users';

import { deferred, type Deferred } from '../../../lib/common/deadline.js';
import { eventually } from '../../support/eventually.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import { claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

// As long as a write may take.
const deadlineInMs = 5_000;

describe.each([true, false])('a sign-in that is written late, in a store that locks: %s', (locks) => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let memory: MemorySignInStore;
  let tokens: ReturnType<typeof startUserTokens>;
  let remove: SignInStore['delete'];
  /** What the next writes wait for. */
  let gate: Deferred<void> | undefined;
  /** Writes that have begun, each with its outcome. */
  let writes: Promise<unknown>[];

  const late = (access: RefreshTokenAccess): RefreshTokenAccess => ({
    load: () => access.load(),
    save: (value, version) => {
      const waits = gate?.promise ?? Promise.resolve();
      const written = waits.then(() => access.save(value, version));
      writes.push(written.catch((error: unknown) => error));
      return written;
    },
  });
  const storeOf = (key: string): RefreshTokenStore => {
    const store = memory.of(key);
    const exclusive: RefreshTokenStore['exclusive'] = (work, options) =>
      locks ? store.exclusive((access) => work(late(access)), options) : work(late(store));
    return { ...store, exclusive };
  };
  const stored = async () => (await memory.of('ada').load())?.value.refreshToken;

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({ clock, tokenLifetimeInSeconds: 3600 });
    entra.refreshTokens.rotation = 'strict';
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    memory = new MemorySignInStore(clock);
    remove = (key) => memory.delete(key);
    const store: SignInStore = {
      of: storeOf,
      delete: (key) => remove(key),
      list: (page) => memory.list(page),
    };
    tokens = startUserTokens(userOptions(entra, { signIns: { store } }), { clock });
    [gate, writes] = [undefined, []];
    entra.requests.reset();
  });
  afterEach(async () => {
    gate?.resolve();
    await tokens.stop();
    expect(entra.refreshTokens.reuseRevocations).toBe(0);
  });

  const responseOf = (user: Caller) => ({
    refresh_token: entra.refreshTokens.issue({ user }),
    id_token: entra.issueToken({ audience: entra.client.clientId, claims: { oid: user.objectId } }),
  });
  const oidOf = async () => claimsOf((await tokens.service.forUser('ada').getToken('graph')).token)['oid'];
  /** Adopts a sign-in whose write does not end in time. */
  const adoptLate = async (user: Caller): Promise<string> => {
    gate = deferred();
    const response = responseOf(user);
    const failed = expect(tokens.service.adopt('ada', response)).rejects.toMatchObject({
      code: 'ENTRA_REFRESH_TOKEN_STORE',
      retryable: true,
    });
    await eventually(() => writes.length > 0);
    await clock.advance(deadlineInMs);
    await failed;
    return response.refresh_token;
  };
  const arrive = async (): Promise<void> => {
    gate?.resolve();
    gate = undefined;
    await Promise.all(writes);
  };

  it('is used when it has arrived, and replaced by the next sign-in of the same user', async () => {
    const ada = makeCaller();
    const refreshToken = await adoptLate(ada);
    await expect(oidOf()).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    await arrive();
    expect(await stored()).toBe(refreshToken);
    expect(await oidOf()).toBe(ada.objectId);
    const again = responseOf(ada);
    await tokens.service.adopt('ada', again);
    expect(await stored()).toBe(again.refresh_token);
    expect(await oidOf()).toBe(ada.objectId);
  });

  // Where the store locks, a deletion waits for the write.
  if (!locks)
    it('is not there when it arrives between a deletion and its answer', async () => {
      await adoptLate(makeCaller());
      remove = async (key) => {
        const wasStored = await memory.delete(key);
        await arrive();
        return wasStored;
      };
      expect(await tokens.service.forget('ada')).toBe(true);
      expect(await stored()).toBeUndefined();
    });

  it.each(['before', 'after'] as const)(
    'is not doubled when it arrives %s the retry of a refresh',
    async (when) => {
      const ada = makeCaller();
      await tokens.service.adopt('ada', responseOf(ada));
      const before = await stored();
      const first = (gate = deferred());
      writes = [];
      const waiting = oidOf();
      await eventually(() => writes.length > 0);
      await clock.advance(deadlineInMs);
      expect(await waiting).toBe(ada.objectId);
      expect(tokens.service.state()).toMatchObject({ unsaved: 1 });
      gate = undefined;
      if (when === 'before') first.resolve();
      await Promise.all(when === 'before' ? writes : []);
      for (let n = 0; n < 10 && tokens.service.state().unsaved > 0; n++) await clock.advance(2_000);
      first.resolve();
      await Promise.all(writes);
      expect(tokens.service.state()).toMatchObject({ unsaved: 0 });
      const successor = await stored();
      expect(successor).not.toBe(before);
      await clock.advance(3_700_000);
      expect(await oidOf()).toBe(ada.objectId);
      expect(await stored()).not.toBe(successor);
    },
  );

  it.each(['forgetUser', 'forget'] as const)('is not there after `%s`, and not later', async (by) => {
    const ada = makeCaller();
    await adoptLate(ada);
    const { service } = tokens;
    const user = { tenantId: entra.tenantId, objectId: ada.objectId };
    const forgotten = by === 'forget' ? service.forget('ada') : service.forgetUser(user);
    forgotten.catch(() => undefined);
    expect(await settlesAtOnce(forgotten)).toBe(false);
    await arrive();
    expect(await forgotten).toEqual(by === 'forget' ? true : expect.objectContaining({ signIns: 1 }));
    expect(await stored()).toBeUndefined();
    await expect(oidOf()).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
  });

  it.each(['fails', 'takes a while'] as const)('is not held after a `forget` that %s', async (what) => {
    const ada = makeCaller();
    await tokens.service.adopt('ada', responseOf(ada));
    await oidOf();
    const [remove, deleting] = [memory.delete.bind(memory), deferred<void>()];
    memory.delete = (key) => deleting.promise.then(() => remove(key));
    const forgotten = tokens.service.forget('ada').catch((error: unknown) => error);
    expect(tokens.service.state().users).toBe(0);
    if (what === 'fails') deleting.reject(new Error('the store is down'));
    else expect(await oidOf()).toBe(ada.objectId);
    deleting.resolve();
    const failed: unknown = expect.objectContaining({ code: 'ENTRA_REFRESH_TOKEN_STORE' });
    expect(await forgotten).toEqual(what === 'fails' ? failed : true);
    expect(tokens.service.state().users).toBe(0);
  });

  it('is an error of `forget` while nobody knows what becomes of it', async () => {
    await adoptLate(makeCaller());
    const forgotten = expect(tokens.service.forget('ada')).rejects.toThrow(/could not be emptied/);
    await clock.advance(20_000);
    await forgotten;
    await arrive();
    expect(await tokens.service.forget('ada')).toBe(true);
    expect(await stored()).toBeUndefined();
  });
});
