import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
import type { AzureIdentityLoader } from '../../../lib/credential/azure-identity.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import { ConnectProxy } from '../../support/connect-proxy.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const environment = { ...process.env };
let entra: LocalEntra;
let proxy: ConnectProxy;

beforeAll(async () => {
  entra = await startLocalEntra();
  proxy = await ConnectProxy.start();
  process.env['HTTPS_PROXY'] = proxy.url;
});

afterAll(async () => {
  process.env = { ...environment };
  proxy.close();
  await entra.stop();
});

async function tunnelsWith(exempted: string, load: AzureIdentityLoader): Promise<number> {
  proxy.tunnels = 0;
  process.env['NO_PROXY'] = exempted;
  const { client, authorityHost, certificateAuthority } = entra;
  const secret = {
    kind: 'client-secret',
    ...client,
    authorityHost,
    certificateAuthority,
  } as const;
  const create = credentialFactory(secret, 'public', systemClock, load);
  await (await create()).getToken('https://graph.microsoft.com/.default');
  return proxy.tunnels;
}

describe.each(Object.entries(azureIdentityVersions))('@azure/identity %s', (_version, load) => {
  it.each(['*', 'LOCALHOST', '*.localhost', 'a.example localhost'])(
    'takes no proxy with NO_PROXY=%j',
    async (exempted) => {
      expect(await tunnelsWith(exempted, load)).toBe(0);
    },
  );

  it('takes no proxy for a host that NO_PROXY names with its port', async () => {
    expect(await tunnelsWith(new URL(entra.authorityHost).host, load)).toBe(0);
  });

  it('takes the proxy for every other host and port', async () => {
    expect(await tunnelsWith('localhost:443, ocalhost', load)).toBeGreaterThan(0);
  });
});
