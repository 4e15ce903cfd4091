import { describe, expect, it } from '@jest/globals';

import {
  findIdentitySource,
  type IdentityId,
} from '../../../lib/credential/managed-identity/identity-source.js';

const pair = { IDENTITY_ENDPOINT: 'http://e', IDENTITY_HEADER: 'h' };
const pod = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_FEDERATED_TOKEN_FILE: '/f' };

describe('the source of managed identity', () => {
  it.each<[string, IdentityId, Record<string, string>, string]>([
    ['nothing', {}, {}, 'imds'],
    ['AZURE_CLIENT_ID alone', {}, { AZURE_CLIENT_ID: 'c' }, 'imds'],
    ['App Service', {}, pair, 'app-service'],
    ['an empty header', {}, { ...pair, IDENTITY_HEADER: '' }, 'imds'],
    ['Service Fabric', {}, { ...pair, IDENTITY_SERVER_THUMBPRINT: 'x' }, 'library'],
    ['Azure Machine Learning', {}, { MSI_ENDPOINT: 'http://e', MSI_SECRET: 's' }, 'library'],
    ['Cloud Shell', {}, { MSI_ENDPOINT: 'http://e' }, 'library'],
    ['App Service with its old variables too', {}, { ...pair, MSI_ENDPOINT: 'http://e' }, 'app-service'],
    ['Azure Arc', {}, { IDENTITY_ENDPOINT: 'http://e', IMDS_ENDPOINT: 'http://i' }, 'library'],
    ['a pod', {}, pod, 'workload-identity'],
    [
      'a pod, with the client id as an option',
      { clientId: 'c' },
      { ...pod, AZURE_CLIENT_ID: '' },
      'workload-identity',
    ],
    ['a pod without a client id', {}, { ...pod, AZURE_CLIENT_ID: '' }, 'imds'],
    ['a pod, with an identity of its node', { resourceId: '/r' }, pod, 'imds'],
    ['a pod and App Service', {}, { ...pod, ...pair }, 'workload-identity'],
  ])('with %s', (_title, id, environment, source) => {
    expect(findIdentitySource(id, environment, () => false)).toBe(source);
  });

  it('is Azure Arc where its agent is installed, unless the environment leads elsewhere', () => {
    expect(findIdentitySource({}, {}, () => true)).toBe('library');
    expect(findIdentitySource({}, pair, () => true)).toBe('app-service');
  });
});
