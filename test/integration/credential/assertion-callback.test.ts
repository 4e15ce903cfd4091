import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientAssertionCredential } from '@azure/identity';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { createEngine } from '../../support/engine.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const scope = 'https://graph.microsoft.com/.default';
let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra();
});

afterAll(() => entra.stop());

describe.each(Object.entries(azureIdentityVersions))(
  'a credential with a callback for assertions, of @azure/identity %s',
  (_version, load) => {
    let asked: number;
    let isFailing: boolean;
    let credential: ClientAssertionCredential;

    beforeAll(async () => {
      const { ClientAssertionCredential: Credential } = await load();
      const { tenantId, clientId, federatedTokenFile } = entra.client;
      const getAssertion = (): Promise<string> => {
        asked++;
        if (isFailing) return Promise.reject(new Error('no assertion'));
        return readFile(federatedTokenFile, 'utf8');
      };
      credential = new Credential(tenantId, clientId, getAssertion, {
        authorityHost: entra.authorityHost,
        disableInstanceDiscovery: true,
        tlsOptions: { ca: entra.certificateAuthority },
      });
      asked = 0;
      isFailing = false;
      await credential.getToken(scope);
    });

    it('asks the callback twice for a token of its own cache, and fails with it', async () => {
      asked = 0;
      isFailing = false;
      entra.requests.reset();
      await credential.getToken(scope);
      expect([asked, entra.requests.token]).toEqual([2, 0]);
      isFailing = true;
      await expect(credential.getToken(scope)).rejects.toThrow('no assertion');
    });

    it('is not asked by the module while it holds a token', async () => {
      isFailing = false;
      const { service } = createEngine({
        credential,
        resources: { graph: {} },
        refresh: { background: false },
      });
      const { token } = await service.getToken('graph');
      asked = 0;
      isFailing = true;
      for (let n = 0; n < 100; n++) expect((await service.getToken('graph')).token).toBe(token);
      expect(asked).toBe(0);
    });
  },
);
