import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';

/** Behaves as the services of Azure: challenges what comes without a token, and answers the rest with little. */
export interface ProtectedServer {
  url: string;
  certificateAuthority: string;
  /** The bearer tokens that came, one for each answered request. */
  tokens: string[];
  /** How many of the next requests are challenged although they bring a token. */
  challengeNext: number;
  stop(): Promise<void>;
}

/** Starts an HTTPS server with a certificate of a private authority. */
export async function startProtectedServer(challenge: string, body: string): Promise<ProtectedServer> {
  const authority = new CertificateAuthority();
  const server: Server = createServer(authority.issueServerCertificate());
  const state: ProtectedServer = {
    url: '',
    certificateAuthority: authority.certificate,
    tokens: [],
    challengeNext: 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('request', (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || state.challengeNext-- > 0) {
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    state.tokens.push(token);
    const contentType = body.startsWith('<') ? 'application/xml' : 'application/json';
    response.writeHead(200, { 'content-type': contentType }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return state;
}
