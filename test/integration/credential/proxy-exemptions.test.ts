import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
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
  // The library reads the list once, with its first request, so this file has one list only.
  process.env['NO_PROXY'] = '*, localhost:443, LOCALHOST';
});

afterAll(async () => {
  process.env = { ...environment };
  proxy.closeAllConnections();
  proxy.close();
  await entra.stop();
});

it.each(Object.entries(azureIdentityVersions))(
  '@azure/identity %s takes the proxy for a host that NO_PROXY does not name whole and in lower case',
  async (_version, load) => {
    tunnels = 0;
    const { tenantId, client, authorityHost, certificateAuthority } = entra;
    const { clientId, clientSecret } = client;
    const secret = {
      kind: 'client-secret',
      tenantId,
      clientId,
      clientSecret,
      authorityHost,
      certificateAuthority,
    } as const;
    const create = credentialFactory(secret, 'public', systemClock, load);
    await (await create()).getToken('https://graph.microsoft.com/.default');
    expect(tunnels).toBeGreaterThan(0);
  },
);
