import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
import type { AzureIdentityLoader } from '../../../lib/credential/azure-identity.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const environment = { ...process.env };
let entra: LocalEntra;
let proxy: Server;
let tunnels = 0;

beforeAll(async () => {
  entra = await startLocalEntra();
  proxy = createServer();
  proxy.on('connect', (request, client) => {
    tunnels++;
    const upstream = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  process.env['HTTPS_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});

afterAll(async () => {
  process.env = { ...environment };
  proxy.closeAllConnections();
  proxy.close();
  await entra.stop();
});

async function tunnelsWith(exempted: string, load: AzureIdentityLoader): Promise<number> {
  tunnels = 0;
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
  return tunnels;
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
