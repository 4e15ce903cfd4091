import { Agent } from 'node:https';
import { createSecureContext } from 'node:tls';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshTokenCredential, type RefreshTokenCredentialOptions } from 'nestjs-entra-auth';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { repositoryRoot } from '../../support/build.js';
import { runSuccessfully } from '../../support/run-program.js';
import { goodBody, ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';

const graph = 'https://graph.microsoft.com/.default';
const fixture = 'test/integration/refresh-token/fixtures/unverified.ts';
// Leads to this machine, but stands in no certificate.
const unnamed = '0.0.0.0';
const secrets = { 'refresh token': 'the-initial-refresh-token', 'client secret': 'the secret+with/signs' };

let server: ScriptedTokenServer;
let clock: ManualClock;
let scan: SecretScan;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  scan = new SecretScan(secrets);
});
afterEach(() => {
  expect(scan.leaks()).toEqual([]);
});

const credentialWith = (options: Partial<RefreshTokenCredentialOptions> = {}) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the-client',
    clientSecret: secrets['client secret'],
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: secrets['refresh token'],
    clock,
    ...options,
  });

/** The error of a call, looked through for secrets, as is the credential. */
async function failureOf(
  credential: RefreshTokenCredential,
  call: Promise<unknown> = credential.getToken(graph),
): Promise<Error> {
  const error: unknown = await call.then(
    () => new Error('There was no failure.'),
    (thrown: unknown) => thrown,
  );
  scan.value('error', error);
  scan.value('credential', credential);
  scan.value('state', credential.state());
  return error as Error;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('nothing is sent', () => {
  afterEach(() => expect(server.received).toHaveLength(0));

  it.each([
    [
      'without the private certificate authority',
      'localhost',
      undefined,
      /self-signed certificate|unable to/,
    ],
    ['to a host that the certificate does not name', unnamed, 'its own', /is not in the cert's list/],
  ])('%s', async (_, host, authority, message) => {
    const error = await failureOf(
      credentialWith({
        authorityHost: server.authorityHost.replace('localhost', host),
        certificateAuthority: authority === undefined ? undefined : server.certificateAuthority,
      }),
    );
    expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
    expect(error.message).toMatch(message);
  });

  it('when the environment turns verification off', async () => {
    const args = ['--import', './test/support/typescript.mjs', fixture, server.authorityHost];
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const { stdout } = await runSuccessfully(process.execPath, args, { cwd: repositoryRoot, env });
    expect(stdout).toMatch(/self-signed certificate|unable to/);
  });

  it('through an agent that stops to verify after it was given', async () => {
    const agent = new Agent({ keepAlive: true });
    const credential = credentialWith({ agent, certificateAuthority: undefined });
    agent.options.rejectUnauthorized = false;
    const error = await failureOf(credential);
    expect(error).toMatchObject({ code: 'ENTRA_INSECURE_CONNECTION' });
    agent.destroy();
  });

  it('through an agent that accepts every name', async () => {
    const agent = new Agent({ checkServerIdentity: () => undefined });
    const authorityHost = server.authorityHost.replace('localhost', unnamed);
    const error = await failureOf(credentialWith({ agent, authorityHost }));
    expect(error).toMatchObject({ code: 'ENTRA_INSECURE_CONNECTION' });
    agent.destroy();
  });
});

describe('a property that another package left on Object.prototype', () => {
  const polluted = ['ca', 'rejectUnauthorized', 'checkServerIdentity', 'secureContext', 'session', 'lookup'];
  const pollute = (key: string, value: unknown): void => {
    Object.defineProperty(Object.prototype, key, { value, configurable: true, writable: true });
  };
  afterEach(() => {
    for (const key of polluted) Reflect.deleteProperty(Object.prototype, key);
  });

  it.each([
    ['ca', () => server.certificateAuthority],
    ['secureContext', () => createSecureContext({ ca: server.certificateAuthority })],
    ['rejectUnauthorized', () => false],
  ])('"%s" makes no server trusted', async (key, value) => {
    const credential = credentialWith({ certificateAuthority: undefined });
    pollute(key, value());
    const error = await failureOf(credential);
    expect(error.message).toMatch(/self-signed certificate|unable to/);
    expect(server.received).toHaveLength(0);
  });

  it('"checkServerIdentity" lets no other name pass', async () => {
    const authorityHost = server.authorityHost.replace('localhost', unnamed);
    const credential = credentialWith({ authorityHost });
    pollute('checkServerIdentity', () => undefined);
    const error = await failureOf(credential);
    expect(error.message).toMatch(/is not in the cert's list/);
    expect(server.received).toHaveLength(0);
  });

  it('leaves what is right as it is', async () => {
    const credential = credentialWith();
    for (const key of polluted) pollute(key, 'nonsense');
    await expect(credential.getToken(graph)).resolves.toMatchObject({ token: 'access-1' });
  });
});

describe('a refresh token of a single-page application', () => {
  const origins = () => server.received.map(({ headers }) => headers.origin);

  it('is redeemed by a cross-origin request, and no other is', async () => {
    await credentialWith({ clientSecret: undefined, spa: true }).getToken(graph);
    await credentialWith({ clientSecret: undefined, spa: true, origin: 'https://app.example' }).getToken(
      graph,
    );
    await credentialWith().getToken(graph);
    expect(origins()).toEqual(['http://localhost', 'https://app.example', undefined]);
  });

  it.each(['app.example', 'https://app.example/path', 'https://app.example\r\nx: y', 'file:///x', ''])(
    'has no origin %j',
    (origin) => {
      expect(() => credentialWith({ clientSecret: undefined, spa: true, origin })).toThrow(/"origin"/);
    },
  );

  it('alone has an origin', () => {
    expect(() => credentialWith({ origin: 'https://app.example' })).toThrow(/"origin".*without spa/s);
  });

  it.each([
    [9002327, /"spa": true/],
    [9002326, /leave "spa" out/i],
  ])('AADSTS%d tells which option is wrong', async (code, advice) => {
    server.refuse('invalid_request', code);
    expect(await failureOf(credentialWith())).toMatchObject({
      retryable: false,
      fix: expect.stringMatching(advice),
    });
  });
});

it('uses an agent and the connection that it keeps', async () => {
  const agent = new Agent({ keepAlive: true, ca: server.certificateAuthority });
  const credential = credentialWith({ agent });
  await credential.getToken(graph);
  await credential.getToken(graph);
  expect(server.received).toHaveLength(2);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  agent.destroy();
});

it('does not send a refresh token again when a kept connection closes', async () => {
  const agent = new Agent({ keepAlive: true, ca: server.certificateAuthority });
  const credential = credentialWith({ agent });
  await credential.getToken(graph);
  server.answer((_, response) => void response.destroy());
  const error = await failureOf(credential);
  expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
  expect(server.received).toHaveLength(2);
  agent.destroy();
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'verifies each connection of an agent that would resume a session of %s',
  async (version) => {
    const agent = new Agent({ minVersion: version, maxVersion: version });
    const credential = credentialWith({ agent });
    for (let round = 1; round <= 3; round++) {
      await expect(credential.getToken(graph)).resolves.toMatchObject({ token: `access-${round}` });
    }
    agent.destroy();
  },
);

it('follows no redirect', async () => {
  server.answer((_, response) => void response.writeHead(307, { location: server.authorityHost }).end());
  const error = await failureOf(credentialWith());
  expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', statusCode: 307, retryable: false });
  expect(server.received).toHaveLength(1);
});

it('reads no body without end', async () => {
  server.answer((_, response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', write);
    write();
  });
  const error = await failureOf(credentialWith());
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toMatch(/larger than 1048576 bytes/);
});

it.each([
  ['headers', undefined],
  ['the body', '{"access_token":'],
])('gives up after the deadline when %s do not come', async (_, beginning) => {
  server.answer((__, response) => {
    if (beginning !== undefined) response.writeHead(200).write(beginning);
  });
  const credential = credentialWith();
  const call = credential.getToken(graph);
  call.catch(() => undefined);
  await until(() => server.received.length === 1);
  // Gives what was written time to arrive.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(10_000);
  const error = await failureOf(credential, call);
  expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
  expect(error.message).toMatch(/longer than 10000 ms/);
  expect(clock.pendingTimers).toBe(0);
});

it('reports that no server listens', async () => {
  const error = await failureOf(credentialWith({ authorityHost: 'https://localhost:1' }));
  expect(error).toMatchObject({ code: 'ENTRA_TOKEN_REQUEST_FAILED', retryable: true });
  expect(error.message).toMatch(/could not be reached.*ECONNREFUSED/);
});

describe('a refusal', () => {
  it.each([
    [429, 'Too many', '7', { retryable: true, retryAfterInMs: 7000 }],
    [503, '<html>', undefined, { retryable: true, retryAfterInMs: undefined }],
    [404, '<html>', undefined, { retryable: false }],
  ] as const)('with status %d keeps its reason', async (status, body, retryAfter, expected) => {
    server.send(body, status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    const error = await failureOf(credentialWith());
    expect(error).toMatchObject({ ...expected, code: 'ENTRA_TOKEN_REQUEST_FAILED', statusCode: status });
  });

  it('that repeats what it was sent repeats no secret', async () => {
    server.answer(({ form }, response) => {
      const echo = `You sent ${form['refresh_token']} with ${form['client_secret']}\n${JSON.stringify(form)}`;
      response.writeHead(400).end(JSON.stringify({ error: form['refresh_token'], error_description: echo }));
    });
    const error = await failureOf(credentialWith());
    expect(error.message).toMatch(/You sent \[redacted\] with \[redacted\]/);
  });
});

it('shows no token of a response by accident', async () => {
  const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl';
  server.send({
    ...goodBody(1),
    access_token: jwt,
    id_token: jwt,
    client_info: 'hush-hush',
    refresh_token: 'new-one',
  });
  scan.protect({ 'new refresh token': 'new-one', 'unknown member': 'hush-hush' });
  const credential = credentialWith();
  const response = await credential.redeem({ scopes: graph });
  scan.value('response', response);
  scan.value('spread', { ...response });
  scan.value('clone', structuredClone(response));
  scan.value('access token', await credential.getToken(graph));
  scan.value('credential', credential);
  expect(response).toMatchObject({ accessToken: jwt, refreshToken: 'new-one', idToken: jwt });
  expect(response.additional).toEqual({ client_info: 'hush-hush' });
  expect(JSON.parse(JSON.stringify(response))).toMatchObject({ accessToken: '[hidden]', expiresIn: 3600 });
});
