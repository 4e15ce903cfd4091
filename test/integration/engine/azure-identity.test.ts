import {
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential as AzureTokenCredential,
} from '@azure/identity';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { createEngine } from '../../support/engine.js';
import { systemClock } from '../../../lib/common/clock.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = entra.imdsUrl;
});

afterAll(async () => {
  delete process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'];
  await entra.stop();
});

beforeEach(() => entra.requests.reset());

const local = () => ({
  authorityHost: entra.authorityHost,
  disableInstanceDiscovery: true,
  tlsOptions: { ca: entra.certificateAuthority },
});

const credentials: [string, () => AzureTokenCredential][] = [
  [
    'a client secret',
    () =>
      new ClientSecretCredential(entra.tenantId, entra.client.clientId, entra.client.clientSecret, local()),
  ],
  [
    'a certificate',
    () =>
      new ClientCertificateCredential(
        entra.tenantId,
        entra.client.clientId,
        entra.client.certificatePath,
        local(),
      ),
  ],
  [
    'a workload identity',
    () =>
      new WorkloadIdentityCredential({
        tenantId: entra.tenantId,
        clientId: entra.client.clientId,
        tokenFilePath: entra.client.federatedTokenFile,
        ...local(),
      }),
  ],
];

const engineWith = (credential: AzureTokenCredential | (() => AzureTokenCredential)) =>
  createEngine({ credential, clock: systemClock, refresh: { background: false } }).service;

describe.each(credentials)('a credential of @azure/identity with %s', (_, create) => {
  it('is asked once by a thousand cold callers', async () => {
    const service = engineWith(create);
    await Promise.all(Array.from({ length: 1_000 }, () => service.getToken('graph')));
    expect(entra.requests.token).toBe(1);
  });

  it('gives a new token at half of its life, when it is made by a function', async () => {
    const service = engineWith(create);
    const first = await service.getToken('graph');
    const second = await service.refresh('graph');
    expect(second.token).not.toBe(first.token);
    expect(entra.requests.token).toBe(2);
  });

  it('gives a new token at half of its life, when it is an instance with a cache', async () => {
    const service = engineWith(create());
    const first = await service.getToken('graph');
    const second = await service.refresh('graph');
    expect(second.token).not.toBe(first.token);
    expect(entra.requests.token).toBe(2);
  });
});

describe('managed identity', () => {
  it('cannot be forced: the held token stays, and that is no failure', async () => {
    const service = engineWith(() => new ManagedIdentityCredential());
    const first = await service.getToken('graph');
    const second = await service.refresh('graph');
    expect(second.token).toBe(first.token);
    expect(service.state('graph')).toMatchObject([{ state: 'fresh', failures: 0 }]);
    expect(entra.requests.imds).toBe(1);
  });
});

describe('an error of @azure/identity', () => {
  it('is told apart by its AADSTS code, and shows no secret', async () => {
    const secret = 'a-secret-that-nobody-knows';
    const service = engineWith(
      () => new ClientSecretCredential(entra.tenantId, entra.client.clientId, secret, local()),
    );
    const error: unknown = await service.getToken('graph').catch((e: unknown) => e);
    expect(error).toMatchObject({ aadsts: 7000215, retryable: false });
    expect((error as Error).message).toMatch(/use its value, not its id/);
    expect(JSON.stringify(error)).not.toContain(secret);
  });
});
