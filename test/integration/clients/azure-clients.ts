import { TableServiceClient } from '@azure/data-tables';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';

import type { ProtectedServer } from '../../support/protected-server.js';
import { tenantId, type ServiceClient } from './describe-client.js';

const authority = `https://login.microsoftonline.com/${tenantId}`;

/** Trusts the private authority. */
const trusting = ({ certificateAuthority: ca }: ProtectedServer) => ({ tlsOptions: { ca } });

// The table client takes every host that is not Azure's for Cosmos DB.
export const localTables = 'https://cosmos.azure.com/.default';
const storageChallenge = `Bearer authorization_uri=${authority}/oauth2/authorize resource_id=https://storage.azure.com`;
const list = (kind: string): string =>
  `<?xml version="1.0"?><EnumerationResults><${kind}/><NextMarker/></EnumerationResults>`;

/** The clients of the Azure SDK, but for the resources that are configured. */
export const azureClients = {
  blob: {
    name: 'a blob client',
    challenge: storageChallenge,
    body: list('Containers'),
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxTries: 1 } };
      const client = new BlobServiceClient(`${server.url}/account`, tokens, options);
      return () => client.listContainers().next();
    },
  },
  queue: {
    name: 'a queue client',
    challenge: storageChallenge,
    body: list('Queues'),
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxTries: 1 } };
      const client = new QueueServiceClient(`${server.url}/account`, tokens, options);
      return () => client.listQueues().next();
    },
  },
  table: {
    name: 'a table client',
    challenge: storageChallenge,
    body: '{"value":[]}',
    connect: (server, tokens) => {
      const options = { ...trusting(server), retryOptions: { maxRetries: 0 } };
      const client = new TableServiceClient(server.url, tokens, options);
      return () => client.listTables().next();
    },
  },
  keyVault: {
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
} satisfies Record<string, Omit<ServiceClient, 'resources'>>;
