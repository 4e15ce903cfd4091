import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MemoryRefreshTokenStore, RefreshTokenCredential } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { graphAudience } from '../../support/local-entra.js';

const graph = `${graphAudience}/.default`;
const vault = 'https://vault.azure.net/.default';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra();
  entra.refreshTokens.rotation = 'strict';
});
afterAll(() => entra.stop());

const codes = [50076, 50078, 50079, 53000, 53001, 53002, 53003, 53004, 65001];

it.each([
  ...codes.map((code) => ['invalid_grant', code] as const),
  ['interaction_required', 50005] as const,
  ['consent_required', 90094] as const,
])(
  'after a restart %s with AADSTS%i for one API costs neither the grant nor the tokens of another API',
  async (error, code) => {
    const { tenantId, authorityHost, certificateAuthority } = entra;
    const { clientId, clientSecret } = entra.client;
    const refreshToken = entra.refreshTokens.issue({ scopes: ['offline_access', graph, vault] });
    const store = new MemoryRefreshTokenStore();
    const address = { tenantId, authorityHost, certificateAuthority };
    // As each start of the application does: with the first refresh token, which has long been used.
    const start = () =>
      new RefreshTokenCredential({ ...address, clientId, clientSecret, refreshToken, store });
    await start().getToken(graph);
    const restarted = start();
    await entra.faults.set('token', { kind: 'entra-error', code, error }, { times: 1 });

    await expect(restarted.getToken(vault)).rejects.toMatchObject({
      code: 'ENTRA_REAUTHENTICATION_REQUIRED',
      aadsts: code,
    });

    expect(entra.refreshTokens.reuseRevocations).toBe(0);
    expect(entra.refreshTokens.accepts((await store.load())?.value.refreshToken ?? '')).toBe(true);
    const { token } = await restarted.getToken(graph, { claims: '{"access_token":{}}' });
    expect(entra.verifyToken(token, { audience: graphAudience })).toBeDefined();
    await restarted.close();
  },
);
