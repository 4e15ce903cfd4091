import { randomBytes, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RefreshTokenAccess, RefreshTokenStore } from 'nestjs-entra-auth';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInStore } from 'nestjs-entra-auth/users';

import { deferred, type Deferred } from '../../../lib/common/deadline.js';
import { eventually } from '../../support/eventually.js';
import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { MemoryTokenCache } from '../../support/users/memory-token-cache.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const [home, fabrikam] = [randomUUID(), randomUUID()];
const application = {
  ...{ clientId: '00001111-aaaa-2222-bbbb-3333cccc4444', clientSecret: 'a secret', multiTenant: true },
  delegatedPermissions: 'any' as const,
};
const oldKeys = { current: 'a', keys: { a: randomBytes(32) } };
const newKeys = { current: 'b', keys: { ...oldKeys.keys, b: randomBytes(32) } };

describe('a person who is forgotten, whatever is under way', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let shared: MemoryTokenCache;
  let signIns: SignInStore;
  let replicas: ReturnType<typeof startUserTokens>[];

  const start = (keys = oldKeys) => {
    const client = { tenantId: 'organizations', allowedTenants: [home, fabrikam] };
    const options = { client, cache: { shared: { store: shared, keys } }, signIns: { store: signIns } };
    const replica = startUserTokens(userOptions(entra, options), { clock });
    replicas.push(replica);
    return replica.service;
  };
  const identityOf = ({ objectId }: Caller) => ({ tenantId: home, objectId });
  const responseOf = (user: Caller) => ({
    refresh_token: entra.refreshTokens.issue({ user }),
    id_token: entra.issueToken({ audience: application.clientId, claims: { oid: user.objectId } }),
  });

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      ...{ clock, tenantId: home, tokenLifetimeInSeconds: 3600, client: application },
      additionalClients: [{ ...application, tenantId: fabrikam }],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    shared = new MemoryTokenCache(clock.now);
    signIns = new MemorySignInStore(clock);
    replicas = [];
    entra.requests.reset();
  });
  afterEach(async () => {
    entra.latencyInMs = 0;
    for (const { stop } of replicas) await stop();
  });

  it('is not one of another tenant with the same object id', async () => {
    const service = start();
    const ada = makeCaller();
    const there = service.onBehalfOf(assertionOf(entra, ada, { tenantId: fabrikam }));
    await service.onBehalfOf(assertionOf(entra, ada)).getToken('graph');
    const { token } = await there.getToken('graph');
    expect(await service.forgetUser(identityOf(ada))).toMatchObject({ held: 1, shared: 1 });
    expect(await there.getToken('graph')).toMatchObject({ token });
    expect(shared.records.size).toBe(1);
  });

  it('is served nothing that was held, also by a credential that was made before', async () => {
    const service = start();
    const ada = makeCaller();
    await service.adopt('ada', responseOf(ada));
    const users = [service.onBehalfOf(assertionOf(entra, ada)), service.forUser('ada')] as const;
    for (const user of users) await user.getToken('graph');
    await service.forgetUser(identityOf(ada));
    expect(claimsOf((await users[0].getToken('graph')).token)['oid']).toBe(ada.objectId);
    expect(entra.requests.token).toBe(3);
    await expect(users[1].getToken('graph')).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    expect(entra.requests.token).toBe(3);
  });

  it('is found in the shared cache by each key of the ring', async () => {
    const ada = makeCaller();
    await start(oldKeys).onBehalfOf(assertionOf(entra, ada)).getToken('graph');
    expect(await start(newKeys).forgetUser(identityOf(ada))).toMatchObject({ held: 0, shared: 1 });
    expect(shared.records.size).toBe(0);
  });

  it('leaves no record in the shared cache that was being stored', async () => {
    const service = start();
    const ada = makeCaller();
    const [put, gate] = [shared.put.bind(shared), deferred<void>()];
    shared.put = async (name, request) => {
      await gate.promise;
      return put(name, request);
    };
    await service.onBehalfOf(assertionOf(entra, ada)).getToken('graph');
    const forgotten = service.forgetUser(identityOf(ada));
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    expect(await forgotten).toMatchObject({ held: 1, shared: 1 });
    expect(shared.records.size).toBe(0);
  });

  it.each(['a damaged record', 'a sign-in'])(
    'has %s under the object id deleted, in any case',
    async (what) => {
      const ada = makeCaller();
      const key = ada.objectId.toUpperCase();
      const value = { refreshToken: 'of nobody', obtainedOnTimestamp: clock.now() };
      if (what === 'a sign-in') await start().adopt(key, responseOf(ada));
      else await signIns.of(key).save(value, undefined);
      expect(await start().forgetUser(identityOf(ada))).toMatchObject({ signIns: 1, unknownSignIns: 0 });
      expect(await start().listSignIns()).toEqual([]);
    },
  );

  it.each(['forgetUser', 'forget'] as const)('by `%s` gets nothing of a redemption', async (by) => {
    const service = start();
    const ada = makeCaller();
    await service.adopt('ada', responseOf(ada));
    entra.latencyInMs = 100;
    const waiting = service.forUser('ada').getToken('graph');
    const refused = expect(waiting).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    await eventually(() => entra.requests.token === 1);
    await (by === 'forget' ? service.forget('ada') : service.forgetUser(identityOf(ada)));
    await refused;
    expect(service.state()).toMatchObject({ users: 0, unsaved: 0 });
    expect(await service.listSignIns()).toEqual([]);
    const again = service.forUser('ada').getToken('graph');
    await expect(again).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
    expect(entra.requests.token).toBe(1);
  });

  describe.each([true, false])(
    'while it is being stored, in a store whose `delete` waits for the lock: %s',
    (locks) => {
      let saved: Deferred<void>;
      let gate: Deferred<void>;

      beforeEach(() => {
        const stored = signIns;
        [saved, gate] = [deferred(), deferred()];
        const held = (access: RefreshTokenAccess): RefreshTokenAccess => ({
          load: () => access.load(),
          save: async (value, version) => {
            const snapshot = await access.save(value, version);
            saved.resolve();
            await gate.promise;
            return snapshot;
          },
        });
        signIns = {
          of: (key) => {
            const store = stored.of(key);
            const exclusive: RefreshTokenStore['exclusive'] = (work, options) =>
              locks ? store.exclusive((access) => work(held(access)), options) : work(held(store));
            return { ...store, exclusive };
          },
          delete: (key) => stored.delete(key),
          list: (page) => stored.list(page),
        };
      });
      /** Forgets the person once a sign-in is stored, before the one who stores it knows. */
      const forget = async (service: ReturnType<typeof start>, ada: Caller, by: 'forget' | 'forgetUser') => {
        await saved.promise;
        const forgotten = by === 'forget' ? service.forget('ada') : service.forgetUser(identityOf(ada));
        for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
        gate.resolve();
        await forgotten;
      };
      const expectNothing = async (service: ReturnType<typeof start>): Promise<void> => {
        expect(service.state()).toMatchObject({ users: 0, unsaved: 0 });
        expect(await service.listSignIns()).toEqual([]);
        const refused = service.forUser('ada').getToken('graph');
        await expect(refused).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
      };

      it.each(['forgetUser', 'forget'] as const)('by `%s` is not held by a sign-in', async (by) => {
        const service = start();
        const ada = makeCaller();
        const adopting = service.adopt('ada', responseOf(ada));
        await forget(service, ada, by);
        await adopting;
        await expectNothing(service);
      });

      it.each(['forgetUser', 'forget'] as const)('by `%s` is not held by a redemption', async (by) => {
        const ada = makeCaller();
        gate.resolve();
        await start().adopt('ada', responseOf(ada));
        [saved, gate] = [deferred(), deferred()];
        const service = start();
        const waiting = service.forUser('ada').getToken('graph');
        const settled = waiting.catch((error: unknown) => error);
        await forget(service, ada, by);
        expect(await settled).toMatchObject({ name: 'UserInteractionRequiredError' });
        await expectNothing(service);
      });
    },
  );
});
