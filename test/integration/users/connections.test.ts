import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { systemClock } from '../../../lib/common/clock.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { jwt } from '../../support/tokens.js';
import { startUserTokens } from '../../support/users/user-tokens.js';

const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';
const exp = Math.floor(Date.now() / 1000) + 3600;

let users = 0;
const assertion = () =>
  jwt({ aud: clientId, azp: 'client', exp, oid: `user-${++users}`, scp: 'access', sub: 'x', tid: tenantId });

describe('the connections of exchanges', () => {
  let server: ScriptedTokenServer;
  let tokens: ReturnType<typeof startUserTokens>;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    server = await ScriptedTokenServer.start();
    sockets.clear();
    server.answer(({ form }, response) => {
      if (response.socket !== null) sockets.add(response.socket);
      const { oid } = JSON.parse(
        Buffer.from(form['assertion']?.split('.')[1] ?? '', 'base64url').toString(),
      ) as { oid: string };
      const body = { token_type: 'Bearer', expires_in: 3600, access_token: jwt({ oid, tid: tenantId, exp }) };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const { authorityHost, certificateAuthority } = server;
    const client = { tenantId, clientId, clientSecret: 'a secret', authorityHost, certificateAuthority };
    tokens = startUserTokens({ client, resources: { graph: {} } }, { clock: systemClock });
  });
  afterEach(async () => {
    await tokens.stop();
    await server.stop();
  });

  const exchange = () => tokens.service.onBehalfOf(assertion()).getToken('graph');

  it('are kept open from one user to the next', async () => {
    for (let n = 0; n < 10; n++) await exchange();
    expect(sockets.size).toBe(1);
  });

  it('are 24 at most, however many users come at once', async () => {
    await Promise.all(Array.from({ length: 300 }, exchange));
    expect(server.received).toHaveLength(300);
    expect(sockets.size).toBeLessThanOrEqual(24);
  });

  it('have their certificate read once', async () => {
    const read = jest.spyOn(TLSSocket.prototype, 'getPeerCertificate');
    for (let n = 0; n < 10; n++) await exchange();
    // By `checkServerIdentity` of the handshake, and by our own look.
    const once = read.mock.calls.length;
    for (let n = 0; n < 10; n++) await exchange();
    expect(read.mock.calls.length).toBe(once);
    expect(once).toBeGreaterThan(0);
    read.mockRestore();
  });

  it('are replaced when the server had closed one, without a failure', async () => {
    await exchange();
    // The server closes with the next request, which has not been carried out.
    const [kept] = sockets;
    kept?.removeAllListeners('data');
    kept?.on('data', () => kept.destroy());
    await expect(exchange()).resolves.toBeDefined();
    expect(sockets.size).toBe(2);
    expect(server.received).toHaveLength(2);
  });

  it('send a form with the assertion, and no scope of OpenID Connect', async () => {
    await exchange();
    expect(server.received[0]?.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: expect.any(String) as unknown,
      client_id: clientId,
      client_secret: 'a secret',
      scope: 'https://graph.microsoft.com/.default',
    });
  });
});
