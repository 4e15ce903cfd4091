import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialConfiguration, TokenUnavailableError } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { createClientCertificate } from '../../../lib/testing/certificates/client-certificate.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { createEngine } from '../../support/engine.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ apis: 'any' });
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = entra.imdsUrl;
});

afterAll(async () => {
  delete process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'];
  await entra.stop();
});

beforeEach(() => entra.requests.reset());
afterEach(() => entra.faults.clear());

function configurations(): Record<string, CredentialConfiguration> {
  const { tenantId, clientId, clientSecret, certificatePath, federatedTokenFile } = entra.client;
  const authority = { authorityHost: entra.authorityHost, certificateAuthority: entra.certificateAuthority };
  return {
    'client-secret': { kind: 'client-secret', tenantId, clientId, clientSecret, ...authority },
    'client-certificate': { kind: 'client-certificate', tenantId, clientId, certificatePath, ...authority },
    'workload-identity': {
      kind: 'workload-identity',
      tenantId,
      clientId,
      tokenFilePath: federatedTokenFile,
      ...authority,
    },
    'managed-identity': { kind: 'managed-identity' },
  };
}

const kinds = ['client-secret', 'client-certificate', 'workload-identity', 'managed-identity'] as const;
type Kind = (typeof kinds)[number];

// All managed identity credentials of a process share the HTTP client of the first one, and so its clock.
const clock = new ManualClock();

const engineFor = (kind: Kind) =>
  createEngine({
    credential: configurations()[kind],
    clock,
    refresh: { background: false },
    resources: resourceOf(kind),
  });

// The cache of managed identity is one per process, so each test needs a resource that it has not seen.
let resources = 0;
const resourceOf = (kind: Kind) => ({
  api: {
    scopes:
      kind === 'managed-identity'
        ? `https://api-${++resources}.example/.default`
        : 'https://graph.microsoft.com/.default',
  },
});

async function failureOf(
  service: ReturnType<typeof createEngine>['service'],
): Promise<TokenUnavailableError> {
  const error: unknown = await service.getToken('api').catch((e: unknown) => e);
  return error as TokenUnavailableError;
}

const requestsOf = (kind: Kind): number =>
  kind === 'managed-identity' ? entra.requests.imds : entra.requests.token;
const endpointOf = (kind: Kind) => (kind === 'managed-identity' ? ('imds' as const) : ('token' as const));

describe('a credential with a certificate', () => {
  it('tells when the certificate expires', async () => {
    const { service } = engineFor('client-certificate');
    await service.getToken('api');
    expect(service.state('api')[0]?.clientCredential).toEqual({
      kind: 'certificate',
      expiresAt: new Date('2099-12-31T00:00:00Z'),
      isExpired: false,
    });
  });

  it('tells it in the default chain too', async () => {
    const { tenantId, client, authorityHost, certificateAuthority } = entra;
    const variables = {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: client.clientId,
      AZURE_CLIENT_CERTIFICATE_PATH: client.certificatePath,
    };
    Object.assign(process.env, variables);
    try {
      const credential = { kind: 'default', authorityHost, certificateAuthority } as const;
      const { service } = createEngine({ credential, resources: resourceOf('client-secret') });
      await service.getToken('api');
      expect(service.state('api')[0]?.clientCredential).toMatchObject({ kind: 'certificate' });
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  });
});

describe('a certificate that is renewed in place', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'renewed-certificate-'));
    file = join(folder, 'certificate.pem');
    await copyFile(entra.client.certificatePath, file);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const signsByItsFile = async (credential: CredentialConfiguration): Promise<void> => {
    const { service } = createEngine({
      ...{ credential, clock, resources: resourceOf('client-certificate') },
      refresh: { background: false },
    });
    const held = await service.getToken('api');
    expect(entra.requests.token).toBe(1);
    // The local Entra does not know it, so its refusal tells which one signed.
    await writeFile(file, createClientCertificate('renewed').pem);
    await clock.advance(3_000_000);
    await expect(service.refresh('api')).rejects.toThrow(/AADSTS700027/);
    await copyFile(entra.client.certificatePath, file);
    await expect(service.refresh('api')).resolves.not.toBe(held);
    expect(entra.requests.token).toBe(3);
  };

  it('signs the next request', () => {
    const { tenantId, client, authorityHost, certificateAuthority } = entra;
    return signsByItsFile({
      ...{ kind: 'client-certificate', certificatePath: file, clientId: client.clientId },
      ...{ tenantId, authorityHost, certificateAuthority },
    });
  });

  it('signs the next request of the default chain', async () => {
    const { tenantId, client, authorityHost, certificateAuthority } = entra;
    const variables = {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: client.clientId,
      AZURE_CLIENT_CERTIFICATE_PATH: file,
    };
    Object.assign(process.env, variables);
    try {
      await signsByItsFile({ kind: 'default', authorityHost, certificateAuthority });
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  });
});

describe.each(kinds)('a credential of kind "%s", given as plain data', (kind) => {
  it('gets a token', async () => {
    const { service } = engineFor(kind);
    await expect(service.getToken('api')).resolves.toMatchObject({ tokenType: 'Bearer' });
    expect(requestsOf(kind)).toBe(1);
  });

  it('knows the true status and Retry-After of a failed request, and does not repeat it by itself', async () => {
    await entra.faults.set(endpointOf(kind), { kind: 'http-status', status: 429, retryAfter: 3600 });
    const { service } = engineFor(kind);
    const error = await failureOf(service);
    expect(error).toMatchObject({ retryable: true, statusCode: 429, retryAfterInMs: 3_600_000 });
    expect(requestsOf(kind)).toBe(1);
  });

  it.each(['hang-before-headers', 'hang-in-body'] as const)(
    'puts a deadline on a request (%s)',
    async (fault) => {
      await entra.faults.set(endpointOf(kind), { kind: fault });
      const { service } = engineFor(kind);
      const failure = failureOf(service);
      while (requestsOf(kind) === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(10_000);
      expect((await failure).message).toMatch(/10000 ms/);
    },
  );

  it('ends a request under way when the application shuts down', async () => {
    await entra.faults.set(endpointOf(kind), { kind: 'hang-before-headers' });
    const { service } = engineFor(kind);
    const failure = failureOf(service);
    while (requestsOf(kind) === 0) await new Promise((resolve) => setImmediate(resolve));
    await service.onApplicationShutdown();
    expect(await failure).toMatchObject({ code: 'ENTRA_SHUT_DOWN' });
    expect(clock.pendingTimers).toBe(0);
  });
});
