import { ManagedIdentityCredential } from '@azure/identity';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialConfiguration } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';

const environment = { ...process.env };
// All managed identity credentials of a process share the HTTP client of the first one, and so its clock.
const clock = new ManualClock(Date.now());
let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra();
});

beforeEach(() => {
  Object.assign(process.env, {
    AZURE_POD_IDENTITY_AUTHORITY_HOST: entra.imdsUrl,
    AZURE_TOKEN_CREDENTIALS: 'prod',
  });
});

afterEach(async () => {
  process.env = { ...environment };
  await entra.faults.clear();
});

afterAll(() => entra.stop());

type Ids = Partial<Record<'clientId' | 'objectId' | 'resourceId', string>>;

interface Case {
  title: string;
  /** What `ManagedIdentityCredential` is told to be the same identity. */
  ids: () => Ids;
  credential: () => CredentialConfiguration;
}

const managedIdentity = (title: string, ids: () => Ids): Case => ({
  title,
  ids,
  credential: () => ({ kind: 'managed-identity', ...ids() }),
});

const cases: Case[] = [
  managedIdentity('the identity of the machine', () => ({})),
  managedIdentity('an identity by its client id', () => ({ clientId: entra.client.clientId })),
  managedIdentity('an identity by its object id', () => ({ objectId: entra.client.objectId })),
  managedIdentity('an identity by its resource id', () => ({ resourceId: entra.client.resourceId })),
  { title: 'the default credential', ids: () => ({}), credential: () => ({ kind: 'default' }) },
  {
    title: 'the default credential with a client id',
    ids: () => ({ clientId: entra.client.clientId }),
    credential: () => ({ kind: 'default', clientId: entra.client.clientId }),
  },
];

// The cache of managed identity is one per process, so each test needs a resource that it has not seen.
let resources = 0;

function start(credential: CredentialConfiguration) {
  const audience = `https://api-${++resources}.example`;
  const scopes = `${audience}/.default`;
  const { service } = createEngine({
    credential,
    clock,
    refresh: { background: false },
    resources: { api: { scopes } },
  });
  return { service, audience, scopes, requests: () => entra.requests.forResource(audience) };
}

describe.each(cases)('with $title', ({ ids, credential }) => {
  it('a bad token that the cache of the process took for a good one is replaced there', async () => {
    const { service, audience, scopes, requests } = start(credential());
    await entra.faults.set('imds', { kind: 'expired-token', claimedLifetimeInSeconds: 3_600 });
    await expect(service.getToken('api')).rejects.toMatchObject({ cause: { reason: 'expired' } });
    await entra.faults.clear();
    const { token } = await service.refresh('api');
    entra.verifyToken(token, { audience });

    const before = requests();
    const anybody = await new ManagedIdentityCredential(ids()).getToken(scopes);
    expect(anybody.token).toBe(token);
    expect(requests()).toBe(before);
  });

  it('a refresh gets a new token, long before the cache would let go of the old one', async () => {
    const { service, requests } = start(credential());
    const first = await service.getToken('api');
    const atFirst = requests();
    const second = await service.refresh('api');
    expect(second.token).not.toBe(first.token);
    expect(service.state('api')).toMatchObject([{ state: 'fresh', refreshes: 2, failures: 0 }]);
    // The default credential sends a probe with each call.
    expect(requests() - atFirst).toBeLessThanOrEqual(credential().kind === 'default' ? 3 : 1);
  });
});

describe('the request past the cache', () => {
  it('tells the true status and Retry-After when it fails, and the held token is served', async () => {
    const { service } = start({ kind: 'managed-identity' });
    const first = await service.getToken('api');
    await entra.faults.set('imds', { kind: 'http-status', status: 429, retryAfter: 3_600 });
    await expect(service.refresh('api')).rejects.toMatchObject({
      retryable: true,
      statusCode: 429,
      retryAfterInMs: 3_600_000,
    });
    expect((await service.getToken('api')).token).toBe(first.token);
  });

  it('has a deadline', async () => {
    const { service, requests } = start({ kind: 'managed-identity' });
    await service.getToken('api');
    await entra.faults.set('imds', { kind: 'hang-before-headers' });
    const failure = service.refresh('api').catch((error: unknown) => error);
    while (requests() === 1) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(10_000);
    expect(await failure).toMatchObject({ message: expect.stringContaining('10000 ms') });
  });

  it('ends when the application shuts down', async () => {
    const { service, requests } = start({ kind: 'managed-identity' });
    await service.getToken('api');
    await entra.faults.set('imds', { kind: 'hang-before-headers' });
    const failure = service.refresh('api').catch((error: unknown) => error);
    while (requests() === 1) await new Promise((resolve) => setImmediate(resolve));
    await service.onApplicationShutdown();
    expect(await failure).toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not made when another credential of the chain has answered', async () => {
    const { tenantId, clientId, clientSecret } = entra.client;
    Object.assign(process.env, {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
    });
    const { service, scopes } = start({
      kind: 'default',
      authorityHost: entra.authorityHost,
      certificateAuthority: entra.certificateAuthority,
    });
    // Managed identity has a token for the same resource, but not this one.
    await new ManagedIdentityCredential({ clientId }).getToken(scopes);
    const first = await service.getToken('api');
    const { imds } = entra.requests;
    await entra.faults.set('token', { kind: 'same-token' });
    expect((await service.refresh('api')).token).toBe(first.token);
    expect(service.state('api')).toMatchObject([{ state: 'fresh', failures: 0 }]);
    expect(entra.requests.imds).toBe(imds);
  });
});
