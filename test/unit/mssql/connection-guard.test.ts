import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type Server, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InsecureConnectionError } from 'nestjs-entra-auth';

import { checkConnection } from '../../../lib/mssql/connection-guard.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';

const authority = new CertificateAuthority();
let server: Server;

beforeAll(async () => {
  server = createServer(authority.issueServerCertificate('db.example'));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
});

/** Connects by TLS, and runs something with the socket. */
async function withTls(options: ConnectionOptions, run: (socket: TLSSocket) => void): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, servername: 'db.example', ...options });
  try {
    await once(socket, 'secureConnect');
    run(socket);
  } finally {
    socket.destroy();
  }
}

const trusting = { ca: authority.certificate };
/** What a driver does that was told to check nothing. */
const blind = { rejectUnauthorized: false };

describe('the guard of a connection of mssql', () => {
  it('lets a verified connection pass: to the host that was configured, or to the one that it named', () =>
    withTls(trusting, (socket) => {
      expect(() => checkConnection(socket, ['db.example', 'db.example'])).not.toThrow();
      expect(() => checkConnection(socket, ['gateway.example', 'db.example'])).not.toThrow();
      expect(() => checkConnection(socket, ['db.example', 'worker.example'])).not.toThrow();
    }));

  it.each<[string, ConnectionOptions, string[], RegExp]>([
    ['an authority that is not trusted', blind, ['db.example'], /UNABLE_TO_VERIFY|SELF_SIGNED/],
    ['another name', trusting, ['other.example'], /does not match certificate's altnames/],
    ['two other names', trusting, ['other.example', 'worker.example'], /Host: worker\.example/],
  ])('refuses %s', (_, options, hosts, reason) =>
    withTls(options, (socket) => {
      expect(() => checkConnection(socket, hosts)).toThrow(InsecureConnectionError);
      expect(() => checkConnection(socket, hosts)).toThrow(reason);
    }),
  );

  it('refuses what is not TLS, or no socket at all', () => {
    for (const socket of [undefined, {}, { authorized: true, getPeerCertificate: () => ({}) }])
      expect(() => checkConnection(socket, ['db.example'])).toThrow(
        /^The connection to "db\.example" is not verified: it is not TLS\. No token was sent\./,
      );
  });
});
