import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import type { HttpResponse, SingleGet } from '../../../lib/credential/managed-identity/get-once.js';
import {
  appServiceEndpoint,
  imdsEndpoint,
  imdsIsGiven,
  tokenAddress,
} from '../../../lib/credential/managed-identity/identity-endpoint.js';
import {
  failureOfRequest,
  failureOfResponse,
  isUnreachable,
} from '../../../lib/credential/managed-identity/identity-failure.js';
import type { IdentityId } from '../../../lib/credential/managed-identity/identity-source.js';
import { ManagedIdentityCredential } from '../../../lib/credential/managed-identity/managed-identity.credential.js';
import { EntraTimeoutError } from '../../../lib/common/entra-auth.error.js';
import { redact } from '../../../lib/common/redaction.js';
import { observe } from '../../../lib/entra/wire-observation.js';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

const host = 'AZURE_POD_IDENTITY_AUTHORITY_HOST';

describe('the address of IMDS', () => {
  it('is the one of Azure, unless the environment gives another', () => {
    delete process.env[host];
    expect(imdsIsGiven()).toBe(false);
    const { url, headers } = imdsEndpoint();
    expect(url.href).toBe('http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01');
    expect(headers).toEqual({ metadata: 'true' });
    process.env[host] = '';
    expect(imdsIsGiven()).toBe(false);
    process.env[host] = 'http://127.0.0.1:9/';
    expect(imdsIsGiven()).toBe(true);
    expect(imdsEndpoint().url.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/metadata\/identity/);
  });

  it.each<[IdentityId, string]>([
    [{}, 'api-version=2018-02-01&resource=r'],
    [{ clientId: 'c' }, 'api-version=2018-02-01&resource=r&client_id=c'],
    [{ objectId: 'o' }, 'api-version=2018-02-01&resource=r&object_id=o'],
    [{ resourceId: '/m' }, 'api-version=2018-02-01&resource=r&msi_res_id=%2Fm'],
  ])('names the identity %j', (id, query) => {
    delete process.env[host];
    const endpoint = imdsEndpoint();
    expect(tokenAddress(endpoint, 'r', id).search).toBe(`?${query}`);
    expect(endpoint.url.search).toBe('?api-version=2018-02-01');
  });

  it.each(['nowhere', 'ftp://127.0.0.1'])('is not %s', (value) => {
    process.env[host] = value;
    expect(() => imdsEndpoint()).toThrow(
      `Managed identity: the environment variable "${host}" is not a URL. Unset it`,
    );
  });
});

describe('the address of App Service', () => {
  it.each<[IdentityId, string]>([
    [{ clientId: 'c' }, '&client_id=c'],
    [{ objectId: 'o' }, '&principal_id=o'],
    [{ resourceId: '/m' }, '&mi_res_id=%2Fm'],
  ])('names the identity %j', (id, query) => {
    process.env['IDENTITY_ENDPOINT'] = 'https://127.0.0.1:9/msi/token';
    process.env['IDENTITY_HEADER'] = 'a-header-that-is-secret';
    const endpoint = appServiceEndpoint();
    expect(tokenAddress(endpoint, 'r', id).href).toBe(
      `https://127.0.0.1:9/msi/token?api-version=2019-08-01&resource=r${query}`,
    );
    expect(endpoint.headers).toEqual({ 'x-identity-header': 'a-header-that-is-secret' });
    expect(redact('a-header-that-is-secret')).toBe('[redacted]');
  });

  it('must be there', () => {
    delete process.env['IDENTITY_ENDPOINT'];
    expect(() => appServiceEndpoint()).toThrow('"IDENTITY_ENDPOINT" is not a URL');
  });
});

const response = (status: number, body: unknown = '', retryAfter?: string): HttpResponse => ({
  status,
  retryAfter,
  date: undefined,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('a response without a token', () => {
  const failure = (given: HttpResponse, id: IdentityId = {}) => failureOfResponse('IMDS', id, given, 0);

  it.each([
    [200, true, 'Check what responds at that address'],
    [302, true, 'The platform is busy or being updated'],
    [399, true, 'The platform is busy or being updated'],
    [400, false, 'Check the managed identity of this machine'],
    [403, false, 'Check the managed identity of this machine'],
    [404, true, 'The platform is busy or being updated'],
    [408, true, 'The platform is busy or being updated'],
    [410, true, 'The platform is busy or being updated'],
    [425, true, 'The platform is busy or being updated'],
    [429, true, 'The platform is busy or being updated'],
    [499, false, 'Check the managed identity of this machine'],
    [500, true, 'The platform is busy or being updated'],
  ])('with status %i may pass: %s', (statusCode, retryable, fix) => {
    const error = failure(response(statusCode));
    expect(error).toMatchObject({ statusCode, retryable });
    expect(error.fix).toContain(fix);
    const without = statusCode === 200 ? ' without a token' : '';
    expect(error.message).toMatch(
      `Managed identity: IMDS answered with HTTP status ${statusCode}${without}. `,
    );
  });

  it('tells its reason, its code and Retry-After', () => {
    const body = { error: 'invalid_request', error_description: 'AADSTS7000112: It\n is  disabled.' };
    expect(failure(response(400, body, '7'))).toMatchObject({
      message:
        'Managed identity: IMDS answered with HTTP status 400: AADSTS7000112: It is disabled. ' +
        'The application is disabled; an administrator must enable it.',
      error: 'invalid_request',
      aadsts: 7000112,
      retryable: false,
      retryAfterInMs: 7_000,
    });
    expect(failure(response(400, { error: 'some_error' })).message).toContain('status 400: some_error.');
    expect(failure(response(400, { error_description: 'AADSTS90033: x' })).retryable).toBe(true);
  });

  it('shows 300 characters of a reason, and no error that is not a word', () => {
    const told = (length: number) =>
      failure(response(400, { error_description: 'a'.repeat(length) })).message;
    expect(told(199)).toContain(`: ${'a'.repeat(199)}. `);
    const words = 'ab '.repeat(100);
    expect(failure(response(400, { error_description: `${words.trim()}` })).message).toContain(
      `: ${words.trim()}. `,
    );
    expect(failure(response(400, { error_description: `${words}more` })).message).toContain(`: ${words}…. `);
    expect(failure(response(400, { error: 'not one word' })).error).toBeUndefined();
    expect(failure(response(400, { error: 'e'.repeat(64) })).error).toHaveLength(64);
    expect(failure(response(400, { error: 'e'.repeat(65) })).error).toBeUndefined();
  });

  it.each<[IdentityId, string, string]>([
    [
      {},
      'Identity not found',
      'Assign a managed identity to this machine or application, or name a user-assigned',
    ],
    [
      { clientId: 'c' },
      'No User Assigned or Delegated Managed Identity found',
      'Assign the identity with the clientId "c" to this machine or application, or correct the option "clientId".',
    ],
    [
      { objectId: 'o' },
      'something else',
      'Check the managed identity of this machine or application, the option "objectId" and the scope of the resource.',
    ],
    [
      {},
      'something else',
      'Check the managed identity of this machine or application and the scope of the resource.',
    ],
  ])('with the identity %j and the reason "%s" has a remedy', (id, reason, fix) => {
    expect(failure(response(400, { error_description: reason }), id).fix).toContain(fix);
  });

  it('of the network of a container may pass', () => {
    expect(isUnreachable(response(403, 'connecting to 169.254.169.254:80: network is unreachable'))).toBe(
      true,
    );
    expect(isUnreachable(response(403, 'forbidden'))).toBe(false);
    expect(isUnreachable(response(400, 'unreachable'))).toBe(false);
    expect(failure(response(403, 'unreachable')).retryable).toBe(true);
  });
});

it('a request without a response may pass, and tells what happened', () => {
  const timeout = new EntraTimeoutError('IMDS', 5, 'Wait.');
  expect(failureOfRequest('IMDS', timeout)).toBe(timeout);
  expect(failureOfRequest('IMDS', new Error('connect EHOSTUNREACH'))).toMatchObject({
    message: expect.stringMatching(
      /^Managed identity: IMDS gave no response: connect EHOSTUNREACH\. Check that this machine runs on Azure/,
    ),
    retryable: true,
    cause: { message: 'connect EHOSTUNREACH' },
  });
});

describe('the credential', () => {
  const now = Date.UTC(2026, 0, 1);
  const good = { access_token: 'opaque', expires_in: '3600' };

  function credentialWith(answer: HttpResponse | Error) {
    delete process.env[host];
    const asked: SingleGet[] = [];
    const get = (request: SingleGet): Promise<HttpResponse> => {
      asked.push(request);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const limits = { requestTimeoutInMs: 5_000, clock: new ManualClock(now) };
    const credential = new ManagedIdentityCredential(imdsEndpoint(), { clientId: 'c' }, limits, get);
    return { credential, asked };
  }

  it('makes one request a token, with its limits', async () => {
    const { credential, asked } = credentialWith(response(200, good));
    const { signal } = new AbortController();
    await expect(
      credential.getToken(['https://a.example/.default'], { abortSignal: signal }),
    ).resolves.toEqual({
      token: 'opaque',
      expiresOnTimestamp: now + 3_600_000,
    });
    expect(credential.isUncached).toBe(true);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ name: 'Managed identity: IMDS', timeoutInMs: 5_000, signal });
    expect(asked[0]?.headers).toEqual({ metadata: 'true' });
    expect(asked[0]?.url.searchParams.get('resource')).toBe('https://a.example');
    expect(asked[0]?.url.searchParams.get('client_id')).toBe('c');
  });

  it.each<[string[], number]>([
    [[], 0],
    [['a', 'b'], 2],
    [['a', 'b', 'c'], 3],
  ])('takes one scope, not %j', async (scopes, count) => {
    const { credential, asked } = credentialWith(response(200, good));
    await expect(credential.getToken(scopes)).rejects.toThrow(
      `one scope for a token; ${count} were given. Give one`,
    );
    expect(asked).toHaveLength(0);
  });

  it.each<[string, HttpResponse]>([
    ['another status', response(201, good)],
    ['a body that is not JSON', response(200, 'access_token')],
    ['no token', response(200, { expires_in: 1 })],
    ['an empty token', response(200, { ...good, access_token: '' })],
    ['a token that is not a text', response(200, { ...good, access_token: 7 })],
  ])('takes no token out of a response with %s', async (_, answer) => {
    await expect(credentialWith(answer).credential.getToken('a')).rejects.toMatchObject({
      code: 'ENTRA_TOKEN_REQUEST_FAILED',
      statusCode: answer.status,
    });
  });

  it('takes no token without times, and none that is too long', async () => {
    const withoutTimes = credentialWith(response(200, { access_token: 'opaque' })).credential;
    await expect(withoutTimes.getToken('a')).rejects.toMatchObject({
      message: expect.stringContaining(
        'IMDS returned times that cannot be read ("expires_on", "expires_in").',
      ),
      retryable: true,
      statusCode: 200,
    });
    const long = credentialWith(response(200, { ...good, access_token: 'a'.repeat(65_537) })).credential;
    await expect(long.getToken('a')).rejects.toMatchObject({ code: 'ENTRA_TOKEN_INVALID' });
  });

  it('notes what was seen on the wire, and passes on what was not', async () => {
    const { signal } = new AbortController();
    const observation = observe(signal);
    const date = new Date(now - 60_000).toUTCString();
    const { credential } = credentialWith({ ...response(503, '', '7'), date });
    await expect(credential.getToken('a', { abortSignal: signal })).rejects.toThrow('status 503');
    expect(observation).toMatchObject({ statusCode: 503, retryAfter: '7', clockAheadInMs: 60_000 });
    await expect(credentialWith(new Error('lost')).credential.getToken('a')).rejects.toThrow(
      'no response: lost',
    );
  });
});
