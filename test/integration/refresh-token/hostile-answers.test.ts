import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshTokenCredential, type RefreshTokenCredentialOptions } from 'nestjs-entra-auth';

import { goodBody, ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';

const graph = 'https://graph.microsoft.com/.default';
const megabyte = 1024 * 1024;
const clientSecret = 'the secret+with/signs&more~Q8';
const refreshToken = 'the-initial_refresh.token';

let server: ScriptedTokenServer;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const credentialWith = (options: Partial<RefreshTokenCredentialOptions> = {}) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    clientSecret,
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken,
    ...options,
  });

const failureOf = (credential: RefreshTokenCredential): Promise<unknown> =>
  credential.getToken(graph).catch((error: unknown) => error);

it('asks for no compressed answer, unpacks none, and reports one as that', async () => {
  const packed = gzipSync(JSON.stringify({ ...goodBody(1), access_token: 'x'.repeat(megabyte) }));
  server.answer((_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
  const error = await failureOf(credentialWith());
  expect(server.received.at(-1)?.headers['accept-encoding']).toBe('identity');
  expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
  expect(String(error)).toMatch(/in a compressed form \(gzip\)/);
});

it('ends with a short error for lists in lists', async () => {
  server.send(`{"a":${'['.repeat(megabyte / 2 - 10)}${']'.repeat(megabyte / 2 - 10)}}`);
  const error = await failureOf(credentialWith());
  expect(String(error)).toMatch(/JSON object/);
});

describe('a server that repeats what it was sent', () => {
  let scan: SecretScan;
  beforeEach(() => {
    scan = new SecretScan({ 'client secret': clientSecret, 'refresh token': refreshToken });
  });
  afterEach(() => expect(scan.leaks()).toEqual([]));

  const forms = (secret: string): string[] => [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).replace(/%../g, (escape) => escape.toLowerCase()),
    new URLSearchParams({ secret }).toString().slice('secret='.length),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    JSON.stringify(secret).slice(1, -1),
  ];

  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'with %s gets nothing of it into error, state or inspection',
    async (clientAuthentication) => {
      server.answer(({ headers, form }, response) => {
        const parts = [clientSecret, refreshToken].flatMap(forms);
        const echo = [...parts, headers.authorization, JSON.stringify(form)].join(' | ');
        response
          .writeHead(401)
          .end(JSON.stringify({ error: `bad ${refreshToken}`, error_description: echo }));
      });
      const credential = credentialWith({ clientAuthentication });
      const error = await failureOf(credential);
      expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED' });
      const shown = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).stack)}`;
      for (const form of [clientSecret, refreshToken].flatMap(forms)) expect(shown).not.toContain(form);
      scan.value('error', error);
      scan.value('state', credential.state());
      scan.value('credential', credential);
    },
  );

  it('gets nothing of an assertion into an error', async () => {
    server.answer(({ form }, response) => {
      const echo = `${form['client_assertion']} ${encodeURIComponent(form['client_assertion'] ?? '')}`;
      response.writeHead(400).end(JSON.stringify({ error: 'x', error_description: echo }));
    });
    const assertion = 'an+assertion/of=the workload';
    scan.protect({ assertion });
    const clientAssertion = () => assertion;
    const error = await failureOf(credentialWith({ clientSecret: undefined, clientAssertion }));
    expect(String(error)).toContain('[redacted] [redacted]');
    scan.value('error', error);
  });
});
