import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemorySignInStore } from 'nestjs-entra-auth/users';

import { StrictOidcServer } from '../../support/strict-oidc-server.js';
import { claimsOf } from '../../support/users/callers.js';
import { startUserTokens } from '../../support/users/user-tokens.js';
import { systemClock } from '../../../lib/common/clock.js';

const graph = 'https://graph.microsoft.com/.default';

describe('sign-ins at oidc-provider, which takes each refresh token once', () => {
  let oidc: StrictOidcServer;

  beforeAll(async () => {
    oidc = await StrictOidcServer.start();
  });
  afterAll(() => oidc?.[Symbol.asyncDispose]());

  const start = (store: MemorySignInStore) => {
    const { tenantId, authorityHost, certificateAuthority } = oidc;
    const { clientId, clientSecret = '' } = oidc.clients.post;
    const client = { tenantId, clientId, clientSecret, authorityHost, certificateAuthority };
    const users = { client, resources: { graph: { scopes: graph } }, signIns: { store } };
    return startUserTokens(users, { clock: systemClock });
  };

  it('rotate in two replicas, for many users at once, without a reuse', async () => {
    const store = new MemorySignInStore();
    const replicas = [start(store), start(store)];
    const keys = Array.from({ length: 10 }, (_, n) => `user ${n}`);
    for (const key of keys) {
      await replicas[0]?.service.adopt(key, { refresh_token: await oidc.issueRefreshToken() });
    }
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        replicas.flatMap(({ service }) =>
          keys.map(async (key) => {
            const user = service.forUser(key);
            const token = await user.getToken('graph');
            // The next round needs another token.
            user.invalidate(token);
            return claimsOf(token.token)['oid'];
          }),
        ),
      );
      expect(new Set(answers).size).toBe(1);
    }
    const { redemptions, reuseRevocations } = await oidc.statistics();
    expect(redemptions).toBeGreaterThanOrEqual(10);
    expect(reuseRevocations).toBe(0);
    for (const key of keys) {
      const { refreshToken = '' } = (await store.of(key).load())?.value ?? {};
      expect(await oidc.accepts(refreshToken)).toBe(true);
    }
    await Promise.all(replicas.map((replica) => replica.stop()));
  });

  it('end for one user when the grant is revoked', async () => {
    const store = new MemorySignInStore();
    const { service, stop } = start(store);
    const refreshToken = await oidc.issueRefreshToken();
    await service.adopt('ada', { refresh_token: refreshToken });
    await service.adopt('ben', { refresh_token: await oidc.issueRefreshToken() });
    await oidc.revoke(refreshToken);
    await expect(service.forUser('ada').getToken('graph')).rejects.toMatchObject({
      name: 'UserInteractionRequiredError',
    });
    await service.forUser('ben').getToken('graph');
    await service.adopt('ada', { refresh_token: await oidc.issueRefreshToken() });
    await service.forUser('ada').getToken('graph');
    await stop();
  });
});
