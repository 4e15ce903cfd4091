import { randomBytes, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { EncryptedSignInStore, MemorySignInStore, type SignInStore } from 'nestjs-entra-auth/users';

import { RefreshTokenStoreError } from '../../../lib/store/refresh-token-store.error.js';
import { eventually } from '../../support/eventually.js';
import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { MemoryTokenCache } from '../../support/users/memory-token-cache.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const keys = { current: 'a', keys: { a: randomBytes(32) } };
const vault = 'https://vault.azure.net/.default';

describe('a person who is forgotten', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let shared: MemoryTokenCache;
  let signIns: SignInStore;
  let replicas: ReturnType<typeof startUserTokens>[];

  const start = () => {
    const cache = { shared: { store: shared, keys } };
    const replica = startUserTokens(userOptions(entra, { cache, signIns: { store: signIns } }), { clock });
    replicas.push(replica);
    return replica.service;
  };
  const identityOf = ({ objectId }: Caller) => ({ tenantId: entra.tenantId, objectId });
  const adopted = async (key: string, { objectId }: Caller, tenantId?: string): Promise<void> => {
    const refreshToken = entra.refreshTokens.issue({ user: { objectId } });
    const user = { objectId, ...(tenantId !== undefined && { tenantId }) };
    const obtainedOnTimestamp = clock.now();
    await signIns.of(key).save({ refreshToken, obtainedOnTimestamp, user }, undefined);
  };

  beforeAll(async () => {
    clock = new ManualClock();
    const delegatedPermissions = 'any' as const;
    entra = await startLocalEntra({ clock, tokenLifetimeInSeconds: 3600, client: { delegatedPermissions } });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    shared = new MemoryTokenCache(clock.now);
    signIns = new MemorySignInStore();
    replicas = [];
    entra.requests.reset();
  });
  afterEach(async () => {
    entra.latencyInMs = 0;
    for (const { stop } of replicas) await stop();
  });

  it('leaves nothing: two devices, a sign-in and a session, in memory and in both stores', async () => {
    const service = start();
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    const devices = [assertionOf(entra, ada), assertionOf(entra, ada, { lifetimeInSeconds: 1_800 })];
    const users = devices.map((assertion) => service.onBehalfOf(assertion));
    for (const user of users) await user.getToken('graph');
    await users[0]!.getToken(vault);
    await adopted(ada.objectId, ada, entra.tenantId);
    await service.forUser(ada.objectId).getToken('graph');
    await service.beginSession('job 1', devices[0]!, 'graph');
    const eves = service.onBehalfOf(assertionOf(entra, eve));
    const held = (await eves.getToken('graph')).token;
    await adopted('eve', eve, entra.tenantId);
    expect(shared.records.size).toBe(4);

    const upper = { tenantId: entra.tenantId.toUpperCase(), objectId: ada.objectId.toUpperCase() };
    expect(await service.forgetUser(upper)).toEqual({ held: 4, shared: 3, signIns: 2, unknownSignIns: 0 });
    expect(service.state().users).toBe(1);
    expect(shared.records.size).toBe(1);
    expect((await service.listSignIns()).map(({ userKey }) => userKey)).toEqual(['eve']);
    expect((await eves.getToken('graph')).token).toBe(held);
    for (const key of [ada.objectId, 'job 1']) {
      const refused = service.forUser(key).getToken('graph');
      await expect(refused).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    }
    expect(await service.forgetUser(identityOf(ada))).toMatchObject({ held: 0, shared: 0, signIns: 0 });

    const before = entra.requests.token;
    const again = await start().onBehalfOf(devices[0]!).getToken('graph');
    expect(claimsOf(again.token)['oid']).toBe(ada.objectId);
    expect(entra.requests.token).toBe(before + 1);
  });

  it('is not kept by an exchange that was under way, whose caller is served', async () => {
    const service = start();
    const ada = makeCaller();
    entra.latencyInMs = 100;
    const user = service.onBehalfOf(assertionOf(entra, ada));
    const waiting = user.getToken('graph');
    await eventually(() => entra.requests.token === 1);
    await service.forgetUser(identityOf(ada));
    // As a caller who comes meanwhile is, by an exchange of its own.
    const next = user.getToken('graph');
    expect(claimsOf((await waiting).token)['oid']).toBe(ada.objectId);
    entra.latencyInMs = 0;
    // It waits for the lease of the first one.
    await clock.advance(5_000);
    const { token } = await next;
    expect(entra.requests.token).toBe(2);
    expect(await user.getToken('graph')).toMatchObject({ token });
  });

  it('is not held when the exchange that was under way ends last', async () => {
    const service = start();
    const ada = makeCaller();
    entra.latencyInMs = 50;
    const waiting = service.onBehalfOf(assertionOf(entra, ada)).getToken('graph');
    await eventually(() => entra.requests.token === 1);
    await service.forgetUser(identityOf(ada));
    await waiting;
    expect(service.state().users).toBe(0);
    expect(shared.records.size + shared.leases.size).toBe(0);
  });

  it('is served by another replica until what that holds has ended, unless it is told too', async () => {
    const [one, other, told] = [start(), start(), start()];
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada, { lifetimeInSeconds: 3_600 });
    for (const service of [one, other, told]) await service.onBehalfOf(assertion).getToken('graph');
    await one.forgetUser(identityOf(ada));
    expect(await told.forgetUser(identityOf(ada))).toMatchObject({ held: 1 });
    expect([one, other, told].map((service) => service.state().users)).toEqual([0, 1, 0]);
    await clock.advance(3_660_000);
    expect(() => other.onBehalfOf(assertion)).toThrow(/expired/);
    expect(other.state().users).toBe(0);
  });

  it('is another one as a guest of another tenant, and as another user of the same', async () => {
    const service = start();
    const ada = makeCaller();
    await adopted('here', ada, entra.tenantId);
    await adopted('elsewhere', ada, randomUUID());
    await adopted('without a tenant', ada);
    await adopted('eve', makeCaller(), entra.tenantId);
    expect(await service.forgetUser(identityOf(ada))).toMatchObject({ signIns: 2 });
    const left = await service.listSignIns();
    expect(left.map(({ userKey }) => userKey)).toEqual(['elsewhere', 'eve']);
  });

  it('is found among more sign-ins than a page has, one of which is deleted meanwhile', async () => {
    const service = start();
    const ada = makeCaller();
    for (let n = 0; n < 1_100; n++) await adopted(`user ${n}`, makeCaller(), entra.tenantId);
    await adopted('~ the last', ada, entra.tenantId);
    const forgotten = service.forgetUser(identityOf(ada));
    await signIns.delete('user 7');
    expect(await forgotten).toMatchObject({ signIns: 1, unknownSignIns: 0 });
    expect(await service.listSignIns({ after: 'user 999' })).toEqual([]);
  });

  it('is found by reading pages, without a load for each sign-in, where the store reads pages', async () => {
    const ada = makeCaller();
    for (let n = 0; n < 150; n++) await adopted(`user ${n}`, makeCaller(), entra.tenantId);
    for (const key of ['ada', '~ a session']) await adopted(key, ada, entra.tenantId);
    const stored = signIns;
    const valueOf = async (key: string) => (await stored.of(key).load())?.value;
    let pages = 0;
    signIns = {
      of: (key) => ({ ...stored.of(key), load: () => Promise.reject(new Error('loaded by itself')) }),
      list: () => Promise.reject(new Error('listed')),
      delete: (key) => stored.delete(key),
      loadPage: async (page) => {
        pages++;
        const lines = await stored.list(page);
        return Promise.all(lines.map(async ({ key }) => ({ key, value: await valueOf(key) })));
      },
    };
    expect(await start().forgetUser(identityOf(ada))).toMatchObject({ signIns: 2, unknownSignIns: 0 });
    expect(pages).toBeLessThan(4);
    expect(await valueOf('user 7')).toBeDefined();
  });

  it('takes a damaged sign-in along under the object id, and reports one under another key', async () => {
    const plain = new MemorySignInStore();
    signIns = new EncryptedSignInStore({ store: plain, keys });
    const service = start();
    const [ada, eve] = [makeCaller(), makeCaller()];
    for (const key of [ada.objectId, 'a session']) await adopted(key, ada, entra.tenantId);
    signIns = new EncryptedSignInStore({ store: plain, keys: { ...keys, keys: { a: randomBytes(32) } } });
    await adopted('eve', eve, entra.tenantId);
    const stranger = start();
    expect(await stranger.forgetUser(identityOf(ada))).toMatchObject({ signIns: 1, unknownSignIns: 1 });
    expect(await service.forgetUser(identityOf(ada))).toMatchObject({ signIns: 1, unknownSignIns: 1 });
  });

  it('is deleted wherever that is possible, and the rest is an error', async () => {
    const service = start();
    const ada = makeCaller();
    const user = service.onBehalfOf(assertionOf(entra, ada));
    await user.getToken('graph');
    await adopted(ada.objectId, ada, entra.tenantId);
    shared.faults.deleteOwned = new Error('connection lost');
    await expect(service.forgetUser(identityOf(ada))).rejects.toMatchObject({ code: 'ENTRA_SHARED_CACHE' });
    expect(service.state().users).toBe(0);
    expect(await service.listSignIns()).toEqual([]);

    shared.fault = undefined;
    const broken = new RefreshTokenStoreError('The database is down.', 'Start it.');
    signIns.list = () => Promise.reject(broken);
    await expect(service.forgetUser(identityOf(ada))).rejects.toBe(broken);
    expect(shared.records.size).toBe(0);
  });

  it('waits for a store of sign-ins no longer than its deadline', async () => {
    signIns.list = () => new Promise(() => undefined);
    const forgotten = start().forgetUser(identityOf(makeCaller()));
    forgotten.catch(() => undefined);
    await clock.advance(10_000);
    await expect(forgotten).rejects.toMatchObject({ code: 'ENTRA_REFRESH_TOKEN_STORE' });
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'Invalid option "user": missing.'],
    ['a key', 'ada', 'Invalid option "user": '],
    ['no tenant', { objectId: randomUUID() }, 'Invalid option "user.tenantId": missing.'],
    ['a name', { tenantId: randomUUID(), objectId: 'ada' }, 'Invalid option "user.objectId": not a GUID.'],
  ])('is named by two ids, not by %s', async (_, user, message) => {
    await expect(start().forgetUser(user as never)).rejects.toThrow(message);
  });
});
