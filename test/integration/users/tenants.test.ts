import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type UserTokenOptions } from 'nestjs-entra-auth/users';

import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const [home, fabrikam, stranger] = [randomUUID(), randomUUID(), randomUUID()];
const clientSecret = 'a secret of the application';
const application = { clientId: '00001111-aaaa-2222-bbbb-3333cccc4444', clientSecret, multiTenant: true };

type Client = Partial<UserTokenOptions['client']>;

describe('an application of several tenants', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
  let replicas: ReturnType<typeof startUserTokens>[];

  const start = (changes: Client = {}) => {
    const client = { tenantId: 'organizations', allowedTenants: [home, fabrikam], ...changes };
    const replica = startUserTokens(userOptions(entra, { client, signIns: { store } }), { clock });
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
      ],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    replicas = [];
    store = new MemorySignInStore();
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
