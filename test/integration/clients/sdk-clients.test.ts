import { TableServiceClient } from '@azure/data-tables';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { expect, it } from '@jest/globals';

import type { ProtectedServer } from '../../support/protected-server.js';
import { describeClient, tenantId, type ServiceClient } from './describe-client.js';

const authority = `https://login.microsoftonline.com/${tenantId}`;

/** Trusts the private authority. */
const trusting = ({ certificateAuthority: ca }: ProtectedServer) => ({ tlsOptions: { ca } });

// The table client takes every host that is not Azure's for Cosmos DB.
const localTables = 'https://cosmos.azure.com/.default';
const storageChallenge = `Bearer authorization_uri=${authority}/oauth2/authorize resource_id=https://storage.azure.com`;
const list = (kind: string): string =>
  `<?xml version="1.0"?><EnumerationResults><${kind}/><NextMarker/></EnumerationResults>`;

const services: Omit<ServiceClient, 'resources'>[] = [
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

const resources = { storage: {}, keyvault: {}, tables: { scopes: localTables } };

for (const client of services.map((service) => ({ ...service, resources }))) {
  describeClient(client, (fixture) => {
    it('is served the same when it answers a challenge that names the tenant', async () => {
      const { server, engine, configured } = fixture;
      const { service, credential } = engine;
      credential.fail();
      // A Key Vault client begins with a request without a token, and is challenged anyway.
      server.challengeNext = client.challenge.includes('vault') ? 0 : 1;
      await client.connect(server, service)();
      expect(server.tokens).toHaveLength(1);
      expect(credential.calls).toHaveLength(configured);
    });
  });
}
