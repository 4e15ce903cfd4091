import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { MemorySignInStore, type SignInResponse } from 'nestjs-entra-auth/users';

import { assertionOf, claimsOf, makeCaller, type Caller } from '../../support/users/callers.js';
import { startUserTokens, userOptions } from '../../support/users/user-tokens.js';

const domain = 'contoso.onmicrosoft.com';
const elsewhere = '99999999-0000-0000-0000-000000000000';
const vault = 'https://vault.azure.net/.default';

describe('a sign-in in a tenant that is given as a domain', () => {
  let entra: LocalEntra;
  let clock: ManualClock;
  let store: MemorySignInStore;
  let replicas: ReturnType<typeof startUserTokens>[];

  const start = () => {
    const options = userOptions(entra, { client: { tenantId: domain }, signIns: { store } });
    const replica = startUserTokens(options, { clock });
    replicas.push(replica);
    return replica.service;
  };
  type Service = ReturnType<typeof start>;
  const responseFor = (user: Caller, more: Partial<SignInResponse> = {}): SignInResponse => ({
    refresh_token: entra.refreshTokens.issue({ user }),
    id_token: entra.issueToken({ audience: entra.client.clientId, claims: { oid: user.objectId } }),
    ...more,
  });
  const oidOf = async (service: Service, resource = 'graph'): Promise<unknown> =>
    claimsOf((await service.forUser('key').getToken(resource)).token)['oid'];

  beforeAll(async () => {
    clock = new ManualClock();
    const delegatedPermissions = 'any' as const;
    entra = await startLocalEntra({
      ...{ clock, domain, tokenLifetimeInSeconds: 3600, client: { delegatedPermissions } },
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => {
    store = new MemorySignInStore();
    replicas = [];
    entra.requests.reset();
  });
  afterEach(async () => {
    await entra.faults.clear();
    for (const { stop } of replicas) await stop();
  });

  it.each([elsewhere, undefined])('is not replaced by one of a user of the tenant %s', async (tid) => {
    const service = start();
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    await service.adopt('key', responseFor(ada));
    const token = { audience: entra.client.clientId, claims: { oid: eve.objectId, tid } };
    const response = responseFor(eve, { id_token: entra.issueToken(token) });
    await expect(service.adopt('key', response)).rejects.toThrow(/of another user/);
    expect(await oidOf(service)).toBe(ada.objectId);
  });

  it('is the same whatever the case of its ids', async () => {
    const service = start();
    const ada = makeCaller();
    await service.adopt('key', responseFor(ada));
    const claims = { oid: ada.objectId.toUpperCase(), tid: entra.tenantId.toUpperCase() };
    const idToken = entra.issueToken({ audience: entra.client.clientId, claims });
    await service.adopt('key', responseFor(ada, { id_token: idToken }));
    expect(await oidOf(service)).toBe(ada.objectId);
  });

  it('leaves nothing of one whose user was not known, after another was adopted', async () => {
    const service = start();
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    await service.adopt('key', responseFor(ada, { id_token: undefined }));
    for (const resource of ['graph', vault]) expect(await oidOf(service, resource)).toBe(ada.objectId);
    await service.adopt('key', responseFor(eve, { id_token: undefined }));
    for (const resource of [vault, 'graph']) expect(await oidOf(service, resource)).toBe(eve.objectId);
  });

  it('serves one user alone, once another process has put another under its key', async () => {
    const [here, there] = [start(), start()];
    const [ada, eve] = [makeCaller(1), makeCaller(2)];
    await here.adopt('key', responseFor(ada));
    for (const resource of ['graph', vault]) expect(await oidOf(here, resource)).toBe(ada.objectId);
    await there.forget('key');
    await there.adopt('key', responseFor(eve));
    const storage = 'https://storage.azure.com/.default';
    for (const resource of [storage, 'graph', vault]) expect(await oidOf(here, resource)).toBe(eve.objectId);
  });

  it('takes no token of another tenant', async () => {
    const service = start();
    const ada = makeCaller();
    await service.adopt('key', responseFor(ada));
    for (const oid of [ada.objectId, randomUUID()]) {
      const audience = 'https://graph.microsoft.com';
      const foreign = { audience, tenantId: elsewhere, lifetimeInSeconds: 3600, claims: { oid } };
      const members = { access_token: entra.issueToken(foreign) };
      await entra.faults.set('token', { kind: 'altered-response', members }, { times: 1 });
      await expect(oidOf(service)).rejects.toThrow(/another user/);
    }
  });

  it.each(['forUser', 'onBehalfOf'] as const)(
    'of `%s` answers those who name the tenant by its GUID',
    async (of) => {
      const service = start();
      const ada = makeCaller();
      await service.adopt('key', responseFor(ada));
      const user = of === 'forUser' ? service.forUser('key') : service.onBehalfOf(assertionOf(entra, ada));
      for (const tenantId of [entra.tenantId, entra.tenantId.toUpperCase(), domain, domain.toUpperCase()]) {
        const { token } = await user.getToken(vault, { tenantId });
        expect(claimsOf(token)).toMatchObject({ oid: ada.objectId, tid: entra.tenantId });
      }
      expect(entra.requests.token).toBe(1);
      for (const tenantId of [elsewhere, 'fabrikam.onmicrosoft.com']) {
        await expect(user.getToken(vault, { tenantId })).rejects.toThrow(
          /"tenantId": not the tenant of the user/,
        );
      }
      expect(entra.requests.token).toBe(1);
    },
  );

  it('refuses another tenant by GUID before the first token, too', async () => {
    const service = start();
    await service.adopt('key', responseFor(makeCaller()));
    const asked = service.forUser('key').getToken(vault, { tenantId: elsewhere });
    await expect(asked).rejects.toThrow(/"tenantId": not the tenant of the user/);
  });
});
