import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialConfiguration } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import { readClaims } from '../../../lib/entra/json-web-token.js';
import { createEngine } from '../../support/engine.js';
import { ConnectProxy } from '../../support/connect-proxy.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const otherTenant = '11111111-2222-4333-8444-555555555555';
const clientId = '22222222-3333-4444-8555-666666666666';
const environment = { ...process.env };
const audience = 'https://graph.microsoft.com';
let entra: LocalEntra;

beforeAll(async () => {
  // The same application, registered in two tenants.
  entra = await startLocalEntra({
    additionalClients: [
      { clientId, clientSecret: 'a-second-secret' },
      { clientId, clientSecret: 'a-second-secret', tenantId: otherTenant },
    ],
  });
});

afterEach(() => {
  process.env = { ...environment };
});

afterAll(() => entra.stop());

const authority = () => ({
  authorityHost: entra.authorityHost,
  certificateAuthority: entra.certificateAuthority,
});

const inHomeTenant = (): CredentialConfiguration => ({
  kind: 'client-secret',
  tenantId: entra.tenantId,
  clientId,
  clientSecret: 'a-second-secret',
  ...authority(),
});

describe.each(Object.entries(azureIdentityVersions))(
  'another tenant, with @azure/identity %s',
  (_version, load) => {
    const kinds: [string, () => CredentialConfiguration][] = [
      ['client-secret', inHomeTenant],
      ['default', () => ({ kind: 'default', ...authority() })],
    ];

    beforeEach(() => {
      Object.assign(process.env, {
        AZURE_TOKEN_CREDENTIALS: 'prod',
        AZURE_TENANT_ID: entra.tenantId,
        AZURE_CLIENT_ID: clientId,
        AZURE_CLIENT_SECRET: 'a-second-secret',
      });
    });

    it.each(kinds)(
      'is the one of the resource or of the call, for kind "%s"',
      async (_kind, configuration) => {
        const { service } = createEngine({
          credential: credentialFactory(configuration(), 'public', systemClock, load),
          clock: systemClock,
          refresh: { background: false },
          resources: { graph: {}, theirs: { scopes: `${audience}/.default`, tenantId: otherTenant } },
        });
        const tenantOf = (token: string) => readClaims(token)?.tid;
        expect(tenantOf((await service.getToken('theirs')).token)).toBe(otherTenant);
        expect(tenantOf((await service.getToken('graph', { tenantId: otherTenant })).token)).toBe(
          otherTenant,
        );
        expect(tenantOf((await service.getToken('graph')).token)).toBe(entra.tenantId);
        await service.onApplicationShutdown();
      },
    );
  },
);

describe.each(Object.entries(azureIdentityVersions))(
  'a proxy of the environment, with @azure/identity %s',
  (_version, load) => {
    let proxy: ConnectProxy;

    beforeEach(async () => {
      proxy = await ConnectProxy.start();
      process.env['HTTPS_PROXY'] = proxy.url;
    });

    afterEach(() => {
      proxy.close();
    });

    it('is used', async () => {
      const create = credentialFactory(inHomeTenant(), 'public', systemClock, load);
      await (await create()).getToken(`${audience}/.default`);
      expect(proxy.tunnels).toBeGreaterThan(0);
    });
  },
);
