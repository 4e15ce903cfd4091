import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ClientCertificateCredential,
  ClientSecretCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import { startLocalEntra, type LocalClient, type LocalEntra } from '../../../lib/testing/index.js';
import { credentialOptions, graph, postgres } from './local-entra.fixture.js';

describe('The credentials of @azure/identity get tokens from the local Entra', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      tokenLifetimeInSeconds: 3600,
      additionalClients: [{ tenantId: 'bbbbcccc-1111-dddd-2222-eeee3333ffff' }],
    });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const credentials: [string, string, (client: LocalClient) => TokenCredential][] = [
    [
      'ClientSecretCredential',
      '1',
      ({ tenantId, clientId, clientSecret }) =>
        new ClientSecretCredential(tenantId, clientId, clientSecret, credentialOptions(entra)),
    ],
    [
      'ClientCertificateCredential',
      '2',
      ({ tenantId, clientId, certificatePath }) =>
        new ClientCertificateCredential(tenantId, clientId, certificatePath, credentialOptions(entra)),
    ],
    [
      'ClientCertificateCredential with its chain',
      '2',
      ({ tenantId, clientId, certificatePath }) =>
        new ClientCertificateCredential(tenantId, clientId, certificatePath, {
          ...credentialOptions(entra),
          sendCertificateChain: true,
        }),
    ],
    [
      'WorkloadIdentityCredential',
      '2',
      ({ tenantId, clientId, federatedTokenFile }) =>
        new WorkloadIdentityCredential({
          tenantId,
          clientId,
          tokenFilePath: federatedTokenFile,
          ...credentialOptions(entra),
        }),
    ],
  ];

  it.each(credentials)('%s, with the claims of Entra', async (_name, appidacr, create) => {
    const before = Date.now();
    const token = await create(entra.client).getToken(`${postgres}/.default`);

    const claims = entra.verifyToken(token?.token ?? '', { audience: postgres });
    const { tenantId, clientId, objectId } = entra.client;
    expect(claims).toMatchObject({
      aud: postgres,
      iss: `https://sts.windows.net/${tenantId}/`,
      tid: tenantId,
      appid: clientId,
      oid: objectId,
      sub: objectId,
      idtyp: 'app',
      ver: '1.0',
      appidacr,
    });
    expect(claims.exp - claims.iat).toBe(3900);
    expect(token?.expiresOnTimestamp).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000 + 3_599_000);
    expect(entra.requests).toMatchObject({ discovery: 1, token: 1, total: 2 });
  });

  it.each(credentials)('%s of another client in another tenant', async (_name, _appidacr, create) => {
    const [other] = entra.additionalClients;
    if (other === undefined) throw new Error('There is no other client.');
    const token = await create(other).getToken(`${graph}/.default`);

    expect(() => entra.verifyToken(token?.token ?? '', { audience: graph })).toThrow(/tenant/);
    const claims = entra.verifyToken(token?.token ?? '', { audience: graph, tenantId: other.tenantId });
    expect(claims).toMatchObject({ tid: other.tenantId, oid: other.objectId, appid: other.clientId });
  });

  it('refuses a wrong secret with AADSTS7000215, and repeats no secret', async () => {
    const { tenantId, clientId } = entra.client;
    const credential = new ClientSecretCredential(
      tenantId,
      clientId,
      'wrong-secret',
      credentialOptions(entra),
    );
    const failure = await credential.getToken(`${graph}/.default`).catch((error: unknown) => error);
    expect(String(failure)).toContain('AADSTS7000215');
    expect(String(failure)).not.toContain('wrong-secret');
  });

  it('refuses the certificate of another client with AADSTS700027', async () => {
    const { tenantId, clientId } = entra.client;
    const stolen = entra.additionalClients[0]?.certificatePath ?? '';
    const credential = new ClientCertificateCredential(tenantId, clientId, stolen, credentialOptions(entra));
    await expect(credential.getToken(`${graph}/.default`)).rejects.toThrow('AADSTS700027');
  });

  it('refuses the assertion of another workload with AADSTS700213', async () => {
    const { tenantId, clientId } = entra.client;
    const tokenFilePath = entra.additionalClients[0]?.federatedTokenFile ?? '';
    const credential = new WorkloadIdentityCredential({
      tenantId,
      clientId,
      tokenFilePath,
      ...credentialOptions(entra),
    });
    await expect(credential.getToken(`${graph}/.default`)).rejects.toThrow('AADSTS700213');
  });

  it('a changed lifetime and refresh_in reach the credential', async () => {
    const { tenantId, clientId, clientSecret } = entra.client;
    entra.tokenLifetimeInSeconds = 1800;
    entra.refreshInSeconds = 600;
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, credentialOptions(entra));
    const before = Date.now();
    const token = await credential.getToken(`${graph}/.default`);
    entra.tokenLifetimeInSeconds = 3600;
    entra.refreshInSeconds = undefined;

    expect((token.expiresOnTimestamp - before) / 1000).toBeCloseTo(1800, -1);
    expect(((token.refreshAfterTimestamp ?? 0) - before) / 1000).toBeCloseTo(600, -1);
  });
});
