import { constants, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { clientAssertion } from '../../../lib/refresh-token/client-authentication/client-assertion.js';
import { publicClient } from '../../../lib/refresh-token/client-authentication/client-authentication.js';
import { clientCertificate } from '../../../lib/refresh-token/client-authentication/client-certificate.js';
import {
  clientSecretBasic,
  clientSecretPost,
} from '../../../lib/refresh-token/client-authentication/client-secret.js';
import { errorWithoutSecrets } from '../../../lib/refresh-token/error-without-secrets.js';
import { InitialRefreshToken } from '../../../lib/refresh-token/initial-refresh-token.js';
import { SaveRetry } from '../../../lib/refresh-token/save-retry.js';
import {
  createClientCertificate,
  type ClientCertificate,
} from '../../../lib/testing/certificates/client-certificate.js';

const endpoint = { tokenEndpoint: 'https://login.example/token', clientId: 'the client', tenantId: 't' };
const now = Date.UTC(2026, 0, 1);

it('a public client sends its id alone', () => {
  expect(publicClient.authenticate(endpoint)).toEqual({
    parameters: { client_id: 'the client' },
    secrets: [],
  });
});

describe('a secret', () => {
  it('goes into the body', () => {
    expect(clientSecretPost('s:1 +').authenticate(endpoint)).toEqual({
      parameters: { client_id: 'the client', client_secret: 's:1 +' },
      secrets: ['s:1 +'],
    });
  });

  it('goes into a header, encoded, and is kept out of errors in each form', () => {
    const pair = Buffer.from('the+client:s%3A1+%2B').toString('base64');
    expect(clientSecretBasic('s:1 +').authenticate(endpoint)).toEqual({
      parameters: {},
      authorization: `Basic ${pair}`,
      secrets: ['s:1 +', 's%3A1+%2B', pair],
    });
  });
});

describe('a certificate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'client-certificate-'));
  let one: ClientCertificate;
  beforeAll(() => {
    one = createClientCertificate('the client');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const partsOf = (assertion: string) =>
    assertion
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);

  it('signs an assertion of five minutes for the endpoint, another for each request', async () => {
    const certificate = clientCertificate(one.pem, undefined, new ManualClock(now + 999));
    expect(certificate.certificateExpiresAt?.()).toBeUndefined();
    const { parameters, secrets } = await certificate.authenticate(endpoint);
    const assertion = parameters['client_assertion'] ?? '';
    expect(parameters).toEqual({
      client_id: 'the client',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });
    expect(secrets).toEqual([assertion]);
    const [header, claims] = partsOf(assertion);
    expect(header).toEqual({ alg: 'PS256', typ: 'JWT', 'x5t#S256': one.thumbprintSha256 });
    const issuedAt = now / 1000;
    expect(claims).toEqual({
      aud: 'https://login.example/token',
      iss: 'the client',
      sub: 'the client',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + 300,
    });
    const at = assertion.lastIndexOf('.');
    const signed = verify(
      'sha256',
      Buffer.from(assertion.slice(0, at)),
      { key: one.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
      Buffer.from(assertion.slice(at + 1), 'base64url'),
    );
    expect(signed).toBe(true);
    const again = (await certificate.authenticate(endpoint)).parameters['client_assertion'] ?? '';
    expect(partsOf(again)[1]?.['jti']).not.toBe(claims?.['jti']);
    expect(certificate.certificateExpiresAt?.()?.getTime()).toBeGreaterThan(now);
  });

  it('is read from its file for each request', async () => {
    const path = join(directory, 'one.pem');
    const certificate = clientCertificate(path, undefined, new ManualClock(now));
    await expect(certificate.authenticate(endpoint)).rejects.toMatchObject({
      code: 'ENTRA_INVALID_CLIENT',
      message: expect.stringMatching(/^The client certificate could not be read\./),
      cause: { code: 'ENOENT' },
    });
    writeFileSync(path, one.pem);
    await expect(certificate.authenticate(endpoint)).resolves.toMatchObject({
      parameters: { client_id: 'the client' },
    });
  });
});

describe('an assertion of the application', () => {
  const asserted = (callback: () => unknown, clock = new ManualClock()) => ({
    clock,
    authenticate: async () => clientAssertion(callback as () => string, 1_000, clock).authenticate(endpoint),
  });

  it('is asked for with the endpoint', async () => {
    const asked: unknown[] = [];
    const clock = new ManualClock();
    const assertion = clientAssertion((given) => `assertion ${asked.push(given)}`, 1_000, clock);
    await expect(Promise.resolve(assertion.authenticate(endpoint))).resolves.toMatchObject({
      parameters: { client_id: 'the client', client_assertion: 'assertion 1' },
      secrets: ['assertion 1'],
    });
    expect(asked).toEqual([endpoint]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'returned no assertion. Return a signed JWT as a string.'],
    ['an empty text', () => '', 'returned no assertion.'],
    ['a number', () => Promise.resolve(7), 'returned no assertion.'],
    [
      'an error',
      () => {
        throw new Error('assertion=hush');
      },
      'failed: assertion=[redacted]. Check what it reads and calls; it is called again.',
    ],
  ])('is not %s', async (_, callback, message) => {
    const failure = asserted(callback).authenticate();
    await expect(failure).rejects.toMatchObject({ code: 'ENTRA_INVALID_CLIENT' });
    await expect(failure).rejects.toThrow(`The "clientAssertion" function ${message}`);
  });

  it('has a deadline', async () => {
    const { clock, authenticate } = asserted(() => new Promise(() => undefined));
    const failure = authenticate();
    failure.catch(() => undefined);
    await clock.advance(1_000);
    await expect(failure).rejects.toMatchObject({
      code: 'ENTRA_TIMEOUT',
      message: expect.stringMatching(/1000 ms/),
    });
  });
});

describe('the refresh token of the options', () => {
  const initialOf = (initial: unknown, clock = new ManualClock()) =>
    new InitialRefreshToken({ initial, transport: { timeoutInMs: 1_000, clock } } as never);

  it.each<[string, unknown, string | undefined]>([
    ['a text', 'a', 'a'],
    ['what a function returns', () => ' a\n', 'a'],
    ['what it returns later', () => Promise.resolve('a'), 'a'],
    ['nothing of blanks', () => ' ', undefined],
    ['nothing of another kind', () => 7, undefined],
    ['nothing', undefined, undefined],
  ])('is %s', async (_, initial, expected) => {
    await expect(initialOf(initial).read()).resolves.toBe(expected);
  });

  it('is judged as long as it is the one that was read', async () => {
    const text = initialOf('a');
    text.judge('b');
    expect(text.isJudged('b')).toBe(false);
    text.judge('a');
    expect(text.isJudged('a')).toBe(true);
    let next = 'a';
    const read = initialOf(() => next);
    read.judge('a');
    expect(read.isJudged('a')).toBe(false);
    await read.read();
    read.judge('a');
    next = 'b';
    expect(read.isJudged((await read.read()) ?? '')).toBe(false);
  });

  it('is not to be had from a function that fails or hangs', async () => {
    const failing = initialOf(() => Promise.reject(new Error('password=hush.')));
    await expect(failing.read()).rejects.toMatchObject({
      code: 'ENTRA_REAUTHENTICATION_REQUIRED',
      message:
        'The "refreshToken" function failed: password=[redacted]. Check what it reads; it is called again.',
    });
    const clock = new ManualClock();
    const late = initialOf(() => new Promise(() => undefined), clock).read();
    late.catch(() => undefined);
    await clock.advance(1_000);
    await expect(late).rejects.toMatchObject({ code: 'ENTRA_TIMEOUT' });
  });
});

it('an error of other code loses what it was given, wherever it stands', () => {
  const inner = new Error('sent s3cret!');
  const error = new AggregateError([inner], 'tried s3cret!', { cause: new Error('with s3cret!') });
  const copy = errorWithoutSecrets(error, ['s3cret!']) as AggregateError;
  const texts = [copy.message, copy.stack, (copy.errors[0] as Error).message, (copy.cause as Error).message];
  for (const text of texts) {
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('s3cret!');
  }
});

describe('the retries to store a refresh token', () => {
  it('come with backoff, half a second apart at least, and one at a time', async () => {
    const clock = new ManualClock(0);
    const saved: number[] = [];
    const retry = new SaveRetry(clock, () => Promise.resolve(saved.push(clock.now())));
    const waits: number[] = [];
    for (const random of [0, 1, 0.999, 1, 1, 1, 1]) {
      clock.setRandom(random);
      retry.plan();
      retry.plan();
      expect(clock.pendingTimers).toBe(1);
      const before = clock.now();
      await clock.advance(60_000);
      waits.push((saved.at(-1) ?? 0) - before);
    }
    expect(waits).toEqual([500, 4_000, 7_992, 16_000, 32_000, 60_000, 60_000]);
  });

  it('stop, and then begin anew', async () => {
    const clock = new ManualClock(0);
    clock.setRandom(1);
    let saves = 0;
    const retry = new SaveRetry(clock, () => Promise.resolve(saves++));
    retry.plan();
    retry.stop();
    expect(clock.pendingTimers).toBe(0);
    retry.plan();
    await clock.advance(1_999);
    expect(saves).toBe(0);
    await clock.advance(1);
    expect(saves).toBe(1);
  });
});
