import { TableServiceClient } from '@azure/data-tables';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { EntraTokenService } from '../../../lib/token/entra-token.service.js';
import { createEngine } from '../../support/engine.js';
import { startProtectedServer, type ProtectedServer } from '../../support/protected-server.js';
import { jwt } from '../../support/tokens.js';

const minute = 60_000;
const hour = 60 * minute;
const tenantId = '11111111-aaaa-4bbb-8ccc-222222222222';
const authority = `https://login.microsoftonline.com/${tenantId}`;

interface Service {
  name: string;
  challenge: string;
  body: string;
  /** Makes a new client, with an empty cache of its own, and returns how to call the service. */
  connect: (server: ProtectedServer, tokens: EntraTokenService) => () => Promise<unknown>;
}

/** Trusts the private authority. */
const trusting = ({ certificateAuthority: ca }: ProtectedServer) => ({ tlsOptions: { ca } });

// The table client takes every host that is not Azure's for Cosmos DB.
const localTables = 'https://cosmos.azure.com/.default';
const storageChallenge = `Bearer authorization_uri=${authority}/oauth2/authorize resource_id=https://storage.azure.com`;
const list = (kind: string): string =>
  `<?xml version="1.0"?><EnumerationResults><${kind}/><NextMarker/></EnumerationResults>`;

const services: Service[] = [
  {
    name: 'a blob client',
    challenge: storageChallenge,
    body: list('Containers'),
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxTries: 1 } };
      const client = new BlobServiceClient(`${server.url}/account`, tokens, options);
      return () => client.listContainers().next();
    },
  },
  {
    name: 'a queue client',
    challenge: storageChallenge,
    body: list('Queues'),
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxTries: 1 } };
      const client = new QueueServiceClient(`${server.url}/account`, tokens, options);
      return () => client.listQueues().next();
    },
  },
  {
    name: 'a table client',
    challenge: storageChallenge,
    body: '{"value":[]}',
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxRetries: 0 } };
      const client = new TableServiceClient(server.url, tokens, options);
      return () => client.listTables().next();
    },
  },
  {
    name: 'a Key Vault client',
    challenge: `Bearer authorization="${authority}", resource="https://vault.azure.net"`,
    body: '{"value":"s","id":"https://localhost/secrets/name/1","attributes":{}}',
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxRetries: 0 } };
      const client = new SecretClient(server.url, tokens, {
        ...options,
        disableChallengeResourceVerification: true,
      });
      return () => client.getSecret('name');
    },
  },
];

describe.each(services)('$name', ({ challenge, body, connect }) => {
  let server: ProtectedServer;
  let engine: ReturnType<typeof createEngine>;

  beforeEach(async () => {
    server = await startProtectedServer(challenge, body);
    engine = createEngine({ resources: { storage: {}, keyvault: {}, tables: { scopes: localTables } } });
    const { credential, clock } = engine;
    // The clients' own caches follow the clock of the test.
    jest.spyOn(Date, 'now').mockImplementation(() => clock.now());
    credential.answer(() => {
      const expiresOnTimestamp = clock.now() + hour;
      const claims = { tid: tenantId, exp: expiresOnTimestamp / 1_000, n: credential.calls.length };
      return { token: jwt(claims), expiresOnTimestamp };
    });
    await engine.service.onModuleInit();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    const closed = engine.service.onApplicationShutdown();
    await engine.clock.advance(3_000);
    await closed;
    await server.stop();
  });

  it('asks for no token beyond the configured ones, the first and later ones, for two lives', async () => {
    const { service, credential, clock } = engine;
    const first = connect(server, service);
    await first();
    await connect(server, service)();
    expect(credential.calls).toHaveLength(3);
    for (let passed = 0; passed < 2 * hour; passed += 14 * minute) {
      await clock.advance(14 * minute);
      await first();
      await connect(server, service)();
    }
    // The three of the boot and their refreshes at half of each life.
    expect(credential.calls.length).toBeLessThanOrEqual(3 * 5);
    expect(service.state().map(({ resource }) => resource)).toEqual(['storage', 'keyvault', 'tables']);
    expect(server.tokens).toHaveLength(2 * 10);
  });

  it.each([
    ['fails', () => engine.credential.fail()],
    ['hangs', () => engine.credential.hang()],
  ])('is served from memory while the token endpoint %s', async (_, breakDown) => {
    const { service, credential, clock } = engine;
    const early = connect(server, service);
    await early();
    breakDown();
    await early();
    await connect(server, service)();
    await clock.advance(55 * minute);
    await early();
    await connect(server, service)();
    expect(service.state().map(({ state }) => state)).toEqual(['degraded', 'degraded', 'degraded']);
    expect(credential.calls.every(({ options }) => options.enableCae === undefined)).toBe(true);
    expect(credential.calls.every(({ options }) => options.tenantId === undefined)).toBe(true);
  });

  it('is served the same when it answers a challenge that names the tenant', async () => {
    const { service, credential } = engine;
    credential.fail();
    // A Key Vault client begins with a request without a token, and is challenged anyway.
    server.challengeNext = challenge.includes('vault') ? 0 : 1;
    await connect(server, service)();
    expect(server.tokens).toHaveLength(1);
    expect(credential.calls).toHaveLength(3);
  });
});
