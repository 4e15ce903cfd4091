import { randomBytes, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type UserTokenOptions } from 'nestjs-entra-auth/users';

import { eventually } from '../../support/eventually.js';
import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { MemoryTokenCache } from '../../support/users/memory-token-cache.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const [home, fabrikam, stranger] = [randomUUID(), randomUUID(), randomUUID()];
const clientSecret = 'a secret of the application';
const application = { clientId: '00001111-aaaa-2222-bbbb-3333cccc4444', clientSecret, multiTenant: true };

const minute = 60_000;
const keys = { current: 'a', keys: { a: randomBytes(32) } };

const successor = { clientId: '11112222-bbbb-3333-cccc-4444dddd5555', clientSecret };

type Client = Partial<UserTokenOptions['client']>;

describe('an application of several tenants', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
  let shared: MemoryTokenCache;
  let replicas: ReturnType<typeof startUserTokens>[];

  const start = (changes: Client = {}) => {
    const client = { tenantId: 'organizations', allowedTenants: [home, fabrikam], ...changes };
    const cache = { shared: { store: shared, keys } };
    const replica = startUserTokens(userOptions(entra, { client, cache, signIns: { store } }), { clock });
    replicas.push(replica);
    return replica.service;
  };
  const callerOf = (tenantId: string, caller: Caller = makeCaller()): string =>
    assertionOf(entra, caller, { tenantId });

  beforeAll(async () => {
    clock = new ManualClock();
    entra = await startLocalEntra({
      ...{ clock, tenantId: home, tokenLifetimeInSeconds: 3600, client: application },
      additionalClients: [
        { ...application, tenantId: fabrikam },
        { ...application, tenantId: stranger },
        { ...application, ...successor, tenantId: fabrikam },
      ],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    replicas = [];
    store = new MemorySignInStore();
    shared = new MemoryTokenCache(clock.now);
    entra.requests.reset();
  });
  afterEach(async () => {
    await entra.faults.clear();
    for (const { stop } of replicas) await stop();
  });

  it('exchanges the token of each caller in the tenant of the caller', async () => {
    const service = start();
    for (const tenantId of [home, fabrikam]) {
      const caller = makeCaller();
      const { token } = await service.onBehalfOf(callerOf(tenantId, caller)).getToken('graph');
      expect(claimsOf(token)).toMatchObject({ tid: tenantId, oid: caller.objectId });
    }
    expect(entra.requests.token).toBe(2);
  });

  it.each<[string, Client]>([
    ['a list', {}],
    ['a list in upper case', { allowedTenants: [home.toUpperCase(), fabrikam.toUpperCase()] }],
    ['a function', { allowedTenants: (tenantId) => tenantId === home || tenantId === fabrikam }],
  ])('asks no tenant that is not allowed, by %s', (_, changes) => {
    const service = start(changes);
    expect(() => service.onBehalfOf(callerOf(fabrikam.toUpperCase()))).not.toThrow();
    for (const tenantId of [stranger, randomUUID(), 'organizations', `${fabrikam}/../${stranger}`]) {
      const refused = { name: 'InvalidAssertionError', reason: 'wrong-tenant' };
      expect(() => service.onBehalfOf(callerOf(tenantId))).toThrow(expect.objectContaining(refused));
    }
    expect(entra.requests.token).toBe(0);
  });

  it('takes nothing but true and false from a function, and hands its error on', () => {
    const promising = start({ allowedTenants: (() => Promise.resolve(false)) as never });
    expect(() => promising.onBehalfOf(callerOf(stranger))).toThrow(/"users.client.allowedTenants": returned/);
    const broken = start({
      allowedTenants: () => {
        throw new Error('the list of customers is not loaded');
      },
    });
    expect(() => broken.onBehalfOf(callerOf(home))).toThrow('the list of customers is not loaded');
  });

  it('leaves only that tenant alone which asked for a pause', async () => {
    const service = start();
    await entra.faults.set('token', { kind: 'http-status', status: 429, retryAfter: 60 }, { times: 1 });
    const first = service.onBehalfOf(callerOf(home)).getToken('graph');
    await expect(first).rejects.toMatchObject({ retryAfterInMs: 60_000 });
    const { token } = await service.onBehalfOf(callerOf(fabrikam)).getToken('graph');
    expect(claimsOf(token)['tid']).toBe(fabrikam);
    const again = service.onBehalfOf(callerOf(home)).getToken('graph');
    await expect(again).rejects.toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
    expect(entra.requests.token).toBe(2);
  });

  it('redeems a sign-in in its tenant, also of a guest, and in a process that did not adopt it', async () => {
    const there = randomUUID();
    const guest = { objectId: randomUUID(), guestIn: { [fabrikam]: there } };
    const idToken = (tid: string, oid: string): string =>
      entra.issueToken({ audience: application.clientId, tenantId: tid, claims: { oid } });
    const adopted = start();
    const refreshToken = (): string => entra.refreshTokens.issue({ user: guest });
    await adopted.adopt('there', { refresh_token: refreshToken(), id_token: idToken(fabrikam, there) });
    await adopted.adopt('here', { refresh_token: refreshToken(), id_token: idToken(home, guest.objectId) });
    for (const service of [adopted, start()]) {
      const [inTheirs, inOurs] = [service.forUser('there'), service.forUser('here')];
      expect(claimsOf((await inTheirs.getToken('graph')).token)).toMatchObject({ tid: fabrikam, oid: there });
      expect(claimsOf((await inOurs.getToken('graph')).token)).toMatchObject({
        ...{ tid: home, oid: guest.objectId },
      });
    }
    // Stored access tokens serve the other process.
    expect(entra.requests.token).toBe(2);
  });

  it('adopts no sign-in of a tenant that is not allowed, and redeems none that no longer is', async () => {
    const ada = makeCaller();
    const id = entra.issueToken({
      ...{ audience: application.clientId, tenantId: fabrikam },
      claims: { oid: ada.objectId },
    });
    const response = { refresh_token: entra.refreshTokens.issue(), id_token: id };
    const narrow = start({ allowedTenants: [home] });
    await expect(narrow.adopt('ada', response)).rejects.toThrow(
      new RegExp(`${fabrikam}, which is not allowed`),
    );
    expect(await narrow.listSignIns()).toEqual([]);
    await start().adopt('ada', response);
    await expect(narrow.forUser('ada').getToken('graph')).rejects.toThrow(/is not allowed/);
    expect(entra.requests.token).toBe(0);
  });

  /** Signs a guest in there, and obtains a token, which is stored along. */
  const signedIn = async (
    key: string,
    tenantId: string,
    service: ReturnType<typeof start>,
  ): Promise<void> => {
    const there = randomUUID();
    const user = { objectId: randomUUID(), guestIn: { [tenantId]: there } };
    const id = { audience: application.clientId, tenantId, claims: { oid: there } };
    const refreshToken = entra.refreshTokens.issue({ user });
    await service.adopt(key, { refresh_token: refreshToken, id_token: entra.issueToken(id) });
    await service.forUser(key).getToken('graph');
  };

  it.each<[string, Client]>([
    ['that has left the list', { allowedTenants: [home] }],
    ['when one tenant is served', { tenantId: home, allowedTenants: undefined }],
  ])('serves nothing of a tenant %s after a restart, from neither store', async (_, narrower) => {
    const assertion = callerOf(fabrikam);
    const before = start();
    await before.onBehalfOf(assertion).getToken('graph');
    await signedIn('ada', fabrikam, before);
    await eventually(() => shared.records.size === 1);
    const stored = await store.of('ada').load();
    shared.commands.length = 0;
    entra.requests.reset();

    const after = start(narrower);
    expect(() => after.onBehalfOf(assertion)).toThrow(expect.objectContaining({ reason: 'wrong-tenant' }));
    await expect(after.forUser('ada').getToken('graph')).rejects.toThrow(`${fabrikam}, which is not allowed`);
    expect(shared.commands).toEqual([]);
    expect(entra.requests.token).toBe(0);
    // Nothing is lost: the tenant may come back.
    expect(await store.of('ada').load()).toEqual(stored);
    await start().forUser('ada').getToken('graph');
  });

  it('serves what is held of a tenant that leaves the list meanwhile until it ends, without a request', async () => {
    const allowed = new Set<string>([home, fabrikam]);
    const service = start({ allowedTenants: (tenantId) => allowed.has(tenantId) });
    const assertion = assertionOf(entra, makeCaller(), { tenantId: fabrikam, lifetimeInSeconds: 7_200 });
    const users = [service.onBehalfOf(assertion), service.forUser('ada')] as const;
    await signedIn('ada', fabrikam, service);
    const held = await Promise.all(users.map((user) => user.getToken('graph')));
    entra.requests.reset();
    allowed.delete(fabrikam);
    for (let passed = 0; passed < 58; passed += 2) {
      const served = await Promise.all(users.map((user) => user.getToken('graph')));
      expect(served.map(({ token }, n) => token === held[n]?.token)).toEqual([true, true]);
      await clock.advance(2 * minute);
    }
    await clock.advance(3 * minute);
    await expect(service.beginSession('job', assertion, 'graph')).rejects.toMatchObject({
      reason: 'wrong-tenant',
    });
    await expect(users[0].getToken('graph')).rejects.toMatchObject({ reason: 'wrong-tenant' });
    await expect(users[1].getToken('graph')).rejects.toThrow(`${fabrikam}, which is not allowed`);
    expect(entra.requests.token).toBe(0);
    allowed.add(fabrikam);
    for (const user of users) await user.getToken('graph');
    expect(entra.requests.token).toBe(2);
  });

  it('redeems no unsaved successor of a tenant that has left the list, while the store fails', async () => {
    const allowed = new Set<string>([home, fabrikam]);
    let fault: 'save' | 'lock' | undefined;
    const kept = store.of.bind(store);
    const fail = (): Promise<never> => Promise.reject(new Error('the store is down'));
    store.of = (key) => {
      const one = kept(key);
      const exclusive: typeof one.exclusive = (work, options) => {
        if (fault === 'lock') return fail();
        return one.exclusive(
          ({ load, save }) => work({ load, save: fault === 'save' ? fail : save }),
          options,
        );
      };
      return { ...one, exclusive };
    };
    const service = start({ allowedTenants: (tenantId) => allowed.has(tenantId) });
    await signedIn('ada', fabrikam, service);
    fault = 'save';
    await clock.advance(61 * minute);
    await service.forUser('ada').getToken('graph');
    expect(service.state()).toMatchObject({ unsaved: 1 });
    fault = 'lock';
    allowed.delete(fabrikam);
    entra.requests.reset();
    const vault = service.forUser('ada').getToken('https://vault.azure.net/.default');
    await expect(vault).rejects.toThrow(`${fabrikam}, which is not allowed`);
    expect(entra.requests.token).toBe(0);
    [fault] = [undefined];
    for (let n = 0; n < 10 && service.state().unsaved > 0; n++) await clock.advance(minute);
    expect(service.state()).toMatchObject({ unsaved: 0 });
  });

  it('begins anew with another client id: the shared cache serves nothing, and a sign-in until its token ends', async () => {
    const assertion = callerOf(fabrikam);
    const before = start();
    await before.onBehalfOf(assertion).getToken('graph');
    await signedIn('ada', fabrikam, before);
    await eventually(() => shared.records.size === 1);
    await replicas[0]?.stop();
    entra.requests.reset();

    const after = start({ ...successor, audiences: [`api://${application.clientId}`] });
    await expect(after.onBehalfOf(assertion).getToken('graph')).rejects.toThrow();
    expect(after.state().shared).toMatchObject({ hits: 0, misses: 1, unreadable: 0 });
    const ada = after.forUser('ada');
    const held = await ada.getToken('graph');
    expect(entra.requests.token).toBe(1);
    await clock.advance(59 * minute);
    expect((await ada.getToken('graph')).token === held.token).toBe(true);
    await clock.advance(2 * minute);
    await expect(ada.getToken('graph')).rejects.toMatchObject({ name: 'UserInteractionRequiredError' });
  });

  it.each<[string, Client, string]>([
    ['no rule', { allowedTenants: undefined }, '"users.client.allowedTenants": missing.'],
    ['no tenant', { allowedTenants: [] }, '"users.client.allowedTenants": '],
    [
      'a domain',
      { allowedTenants: ['contoso.com'] },
      '"users.client.allowedTenants[0]": not the GUID of a tenant.',
    ],
    [
      'a rule for one tenant',
      { tenantId: home },
      '"users.client.allowedTenants": "tenantId" names one tenant.',
    ],
  ])('does not start with %s', (_, client, message) => {
    expect(() => start(client)).toThrow(message);
  });
});
