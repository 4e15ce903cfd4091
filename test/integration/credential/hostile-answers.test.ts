import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenUnavailableError } from 'nestjs-entra-auth';

import { systemClock } from '../../../lib/common/clock.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createEngine } from '../../support/engine.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const tenantId = '11111111-2222-4333-8444-555555555555';

describe.each(Object.entries(azureIdentityVersions))(
  'an authority that @azure/identity %s asks',
  (_version, load) => {
    let server: Server;
    let authority: string;
    let certificateAuthority: string;
    let answer: (request: IncomingMessage, response: ServerResponse) => void;

    beforeAll(async () => {
      const created = new CertificateAuthority();
      const { cert, key } = created.issueServerCertificate();
      certificateAuthority = created.certificate;
      server = createServer({ cert, key }, (request, response) => {
        if (request.url?.includes('.well-known') !== true) return answer(request, response);
        const base = `${authority}/${tenantId}`;
        response.end(
          JSON.stringify({
            issuer: `${base}/v2.0`,
            authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
            token_endpoint: `${base}/oauth2/v2.0/token`,
            jwks_uri: `${base}/keys`,
          }),
        );
      });
      server.listen(0, 'localhost');
      await once(server, 'listening');
      authority = `https://localhost:${(server.address() as AddressInfo).port}`;
    });

    afterEach(() => server.closeAllConnections());
    afterAll(() => void server.close());

    async function failure(): Promise<TokenUnavailableError> {
      const configuration = {
        kind: 'client-secret',
        tenantId,
        clientId: 'client',
        clientSecret: 'a-secret',
      } as const;
      const credential = credentialFactory(
        { ...configuration, authorityHost: authority, certificateAuthority },
        'public',
        systemClock,
        load,
      );
      const { service } = createEngine({ credential, clock: systemClock, refresh: { background: false } });
      const error: unknown = await service.getToken('graph').catch((e: unknown) => e);
      return error as TokenUnavailableError;
    }

    it('answers with more than 1 MiB', async () => {
      answer = (_request, response) => response.end(`{"access_token":"${'a'.repeat(2 ** 20)}"}`);
      expect((await failure()).message).toContain('more than 1048576 bytes');
    });

    it('answers with a small body that is large when it is decompressed', async () => {
      let accepted: unknown;
      const bomb = gzipSync(Buffer.alloc(2 ** 26, ' '));
      answer = ({ headers }, response) => {
        accepted = headers['accept-encoding'];
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(bomb);
      };
      const before = process.memoryUsage().rss;
      expect(await failure()).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE' });
      expect(process.memoryUsage().rss - before).toBeLessThan(40 * 2 ** 20);
      expect(accepted).toBe('identity');
    });

    it('answers with a token of more than 64 KiB', async () => {
      const body = { token_type: 'Bearer', expires_in: 3_600, access_token: 'a'.repeat(65_537) };
      answer = (_request, response) => response.end(JSON.stringify(body));
      expect((await failure()).message).toContain('65537 characters');
    });

    it.each([
      ['nested arrays', '['.repeat(2 ** 19) + ']'.repeat(2 ** 19)],
      ['nested objects', `${'{"access_token":'.repeat(65)}1${'}'.repeat(65)}`],
      ['empty objects', `[${'{},'.repeat(300_000)}{}]`],
    ])('answers with %s', async (_, body) => {
      answer = (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      const { message, statusCode, retryable } = await failure();
      expect(message).toContain('returned JSON of more than 64 levels or 10000 values');
      expect({ statusCode, retryable }).toEqual({ statusCode: 200, retryable: true });
    });

    it('refuses with nested arrays', async () => {
      answer = (_request, response) =>
        response.writeHead(400, { 'content-type': 'application/json' }).end('['.repeat(2 ** 19));
      expect(await failure()).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', statusCode: 400 });
    });

    it('answers with a long page in place of a token', async () => {
      answer = (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${'[],"'.repeat(20_000)}</html>`);
      const { message } = await failure();
      expect(message).toContain('the response is not one of a token endpoint');
      expect(message).not.toContain('levels');
    });

    it('answers with the page and the cookies of a gateway', async () => {
      answer = (_request, response) =>
        response
          .writeHead(502, {
            'content-type': 'text/html',
            'set-cookie': 'session=abcdef',
            'x-internal': 'host-7',
          })
          .end('<html>page of the gateway</html>');
      const { message, statusCode, cause } = await failure();
      expect(statusCode).toBe(502);
      for (const text of [message, String(cause), String((cause as Error).cause)]) {
        expect(text).not.toMatch(/abcdef|host-7|page of the gateway/);
      }
    });
  },
);
