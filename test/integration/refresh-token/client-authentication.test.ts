import { constants, createHash, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshTokenCredential, type RefreshTokenCredentialOptions } from 'nestjs-entra-auth';

import {
  createClientCertificate,
  type ClientCertificate,
} from '../../../lib/testing/certificates/client-certificate.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { ScriptedTokenServer } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';

const graph = 'https://graph.microsoft.com/.default';
const now = Date.UTC(2026, 0, 1);

let server: ScriptedTokenServer;
let directory: string;
let one: ClientCertificate;
let other: ClientCertificate;

beforeAll(async () => {
  server = await ScriptedTokenServer.start();
  directory = await mkdtemp(join(tmpdir(), 'client-authentication-'));
  one = createClientCertificate('the-client');
  other = createClientCertificate('the-client');
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});
beforeEach(() => server.reset());

const credentialWith = (options: Partial<RefreshTokenCredentialOptions>) =>
  new RefreshTokenCredential({
    tenantId: 'contoso.example',
    clientId: 'the client',
    authorityHost: server.authorityHost,
    certificateAuthority: server.certificateAuthority,
    refreshToken: 'initial',
    clock: new ManualClock(now),
    ...options,
  });

const lastForm = (): Record<string, string> => server.received.at(-1)?.form ?? {};

it('of a public client is its id alone', async () => {
  await credentialWith({}).getToken(graph);
  expect(lastForm()).toMatchObject({ client_id: 'the client' });
  expect(Object.keys(lastForm()).filter((key) => /secret|assertion/.test(key))).toEqual([]);
  expect(server.received[0]?.headers.authorization).toBeUndefined();
});

it('by a secret in the header encodes both parts before it joins them', async () => {
  await credentialWith({
    clientSecret: 'a:b c+d/ä',
    clientAuthentication: 'client_secret_basic',
  }).getToken(graph);
  const header = server.received[0]?.headers.authorization ?? '';
  expect(Buffer.from(header.replace('Basic ', ''), 'base64').toString()).toBe(
    'the+client:a%3Ab+c%2Bd%2F%C3%A4',
  );
  expect(lastForm()).not.toHaveProperty('client_secret');
});

describe('by a certificate', () => {
  /** Checks the assertion of the last request as a server does. */
  function verified(certificate: ClientCertificate) {
    const assertion = lastForm()['client_assertion'] ?? '';
    const [header = '', claims = '', signature = ''] = assertion.split('.');
    const valid = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      { key: certificate.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
      Buffer.from(signature, 'base64url'),
    );
    const parsed = (part: string): Record<string, unknown> =>
      JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    return { valid, header: parsed(header), claims: parsed(claims) };
  }

  it('signs a short-lived assertion for this endpoint', async () => {
    const credential = credentialWith({ clientCertificate: one.pem });
    expect([credential.redemptions, credential.certificateExpiresAt()]).toEqual([0, undefined]);
    await credential.getToken(graph);
    expect([credential.redemptions, credential.certificateExpiresAt()]).toEqual([1, expect.any(Date)]);
    const { valid, header, claims } = verified(one);
    expect(valid).toBe(true);
    expect(header).toEqual({ alg: 'PS256', typ: 'JWT', 'x5t#S256': one.thumbprintSha256 });
    expect(claims).toEqual({
      aud: `${server.authorityHost}/contoso.example/oauth2/v2.0/token`,
      iss: 'the client',
      sub: 'the client',
      jti: expect.stringMatching(/^[\da-f-]{36}$/) as unknown,
      iat: now / 1000,
      nbf: now / 1000,
      exp: now / 1000 + 300,
    });
    expect(lastForm()['client_assertion_type']).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    );
  });

  it('never signs two alike', async () => {
    const credential = credentialWith({ clientCertificate: one.pem });
    await credential.getToken(graph);
    const first = verified(one).claims['jti'];
    await credential.getToken(graph);
    expect(verified(one).claims['jti']).not.toBe(first);
  });

  it('reads the file again for each request', async () => {
    const path = join(directory, 'renewed.pem');
    await writeFile(path, one.pem);
    const credential = credentialWith({ clientCertificate: path });
    await credential.getToken(graph);
    await writeFile(path, other.pem);
    await credential.getToken(graph);
    expect(verified(other).valid).toBe(true);
  });

  it('takes the certificate that belongs to the key out of a chain', async () => {
    const certificate = new X509Certificate(other.pem);
    await credentialWith({ clientCertificate: `${certificate.toString()}${one.pem}` }).getToken(graph);
    expect(verified(one).header['x5t#S256']).toBe(one.thumbprintSha256);
    expect(createHash('sha256').update(certificate.raw).digest('base64url')).toBe(other.thumbprintSha256);
  });

  it.each([
    ['a file that is not there', () => join(directory, 'none.pem'), /could not be read/],
    ['a certificate without a key', () => new X509Certificate(one.pem).toString(), /has no private key/],
    ['a key without a certificate', () => one.pem.split('-----BEGIN CERT')[0], /no certificate/],
    ['a key of another certificate', () => keyOf(one) + certificateOf(other), /none of its certificates/],
    ['a damaged key', () => one.pem.replace(/\n\w{20}/, '\nxxxxxxxxxxxxxxxxxxxx'), /cannot be read/],
    ['a key that is not RSA', () => ecKey + certificateOf(one), /no RSA key/],
  ] as const)('refuses %s, without showing it', async (_, pem, message) => {
    const given = pem() ?? '';
    const credential = credentialWith({ clientCertificate: given });
    const error: unknown = await credential.getToken(graph).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ENTRA_INVALID_CLIENT' });
    expect((error as Error).message).toMatch(message);
    const scan = new SecretScan({ key: keyOf(one).split('\n')[1] ?? '' });
    scan.value('error', error);
    expect(scan.leaks()).toEqual([]);
    expect(server.received).toHaveLength(0);
    expect(credential.state().name).toBe('degraded');
  });
});

describe('by an assertion of the application', () => {
  it('asks for one for each request, and passes the endpoint', async () => {
    const asked: unknown[] = [];
    const credential = credentialWith({
      clientAssertion: (endpoint) => `assertion-${asked.push(endpoint)}`,
    });
    await credential.getToken(graph);
    await credential.getToken(graph);
    expect(lastForm()['client_assertion']).toBe('assertion-2');
    expect(asked[0]).toEqual({
      tokenEndpoint: `${server.authorityHost}/contoso.example/oauth2/v2.0/token`,
      clientId: 'the client',
      tenantId: 'contoso.example',
    });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('assertion=hush')), /failed: assertion=\[redacted\]/],
    ['returns nothing', () => '', /returned no assertion/],
  ])('reports that the function %s', async (_, clientAssertion, message) => {
    const error: unknown = await credentialWith({ clientAssertion })
      .getToken(graph)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ENTRA_INVALID_CLIENT' });
    expect((error as Error).message).toMatch(message);
  });
});

const keyOf = ({ pem }: ClientCertificate): string => pem.slice(0, pem.indexOf('-----BEGIN CERT'));
const certificateOf = ({ pem }: ClientCertificate): string => pem.slice(pem.indexOf('-----BEGIN CERT'));
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
