import { describe, expect, it } from '@jest/globals';

import { concernsResource, needsSignIn } from '../../../lib/entra/token-endpoint.error.js';
import {
  isPermanent,
  readTokenErrorBody,
  tokenEndpointErrorOf,
} from '../../../lib/entra/token-error-response.js';

const expired = 'ENTRA_REFRESH_TOKEN_EXPIRED';
const signIn = 'ENTRA_REAUTHENTICATION_REQUIRED';
const client = 'ENTRA_INVALID_CLIENT';
const failed = 'ENTRA_TOKEN_REQUEST_FAILED';

const classify = (body: unknown, status = 400, retryAfter?: string) =>
  tokenEndpointErrorOf(
    { status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) },
    [],
    0,
  );

const refusalWith = (error: string, aadsts?: number) => ({
  error,
  ...(aadsts === undefined ? {} : { error_description: `AADSTS${aadsts}: Why. Trace ID: 1` }),
});

describe('tokenEndpointErrorOf', () => {
  it('leaves out the middle of a long description and keeps its end', () => {
    const description = `AADSTS7000215: ${'long '.repeat(400)}Trace ID: the-end`;
    const { message } = classify({ error: 'invalid_client', error_description: description });
    expect(message.length).toBeLessThan(700);
    expect(message).toMatch(/AADSTS7000215: (long )+[long]* … [long ]+Trace ID: the-end/);
  });

  it.each([
    ['invalid_grant', 700082, expired, false],
    ['invalid_grant', 700084, expired, false],
    ['invalid_grant', 50173, signIn, false],
    ['invalid_grant', 65001, signIn, false],
    ['interaction_required', 50076, signIn, false],
    ['interaction_required', 50078, signIn, false],
    ['interaction_required', 50079, signIn, false],
    ['invalid_grant', 53000, signIn, false],
    ['invalid_grant', 53001, signIn, false],
    ['invalid_grant', 53002, signIn, false],
    ['invalid_grant', 53003, signIn, false],
    ['invalid_grant', 53004, signIn, false],
    ['invalid_grant', 70000, signIn, false],
    ['invalid_grant', 700081, expired, false],
    ['invalid_grant', 123456, signIn, false],
    ['invalid_grant', undefined, signIn, false],
    ['consent_required', undefined, signIn, false],
    ['login_required', undefined, signIn, false],
    ['invalid_grant', 50196, failed, true],
    ['invalid_client', 7000215, client, false],
    ['invalid_client', 7000222, client, false],
    ['invalid_client', undefined, client, false],
    ['unauthorized_client', 700016, client, false],
    ['invalid_request', 7000218, client, false],
    ['temporarily_unavailable', undefined, failed, true],
    ['server_error', undefined, failed, true],
    ['invalid_request', 90033, failed, true],
    ['invalid_scope', 70011, failed, false],
    ['invalid_request', 90002, failed, false],
    ['invalid_resource', 500011, failed, false],
  ])('%s %s is %s', (error, aadsts, code, retryable) => {
    expect(classify(refusalWith(error, aadsts))).toMatchObject({ code, retryable, aadsts });
  });

  it.each([
    [302, false],
    [400, false],
    [403, false],
    [404, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [504, true],
  ])('takes status %d without an OAuth error as %s', (statusCode, retryable) => {
    for (const body of ['', '<html>', '[]', 'null', '"text"', '{"error":7}']) {
      expect(classify(body, statusCode)).toMatchObject({
        code: failed,
        statusCode,
        retryable,
        error: undefined,
      });
    }
  });

  it.each([
    ['invalid_client', 7000215, client],
    ['invalid_grant', 50173, signIn],
    ['invalid_grant', 700082, expired],
    ['invalid_scope', 70011, failed],
  ])('keeps status, error and code: %s, AADSTS%i', (error, aadsts, code) => {
    expect(classify(refusalWith(error, aadsts), 401)).toMatchObject({ code, statusCode: 401, error, aadsts });
  });

  it('believes a server that is unwell less than its status', () => {
    expect(classify(refusalWith('invalid_grant', 50173), 503)).toMatchObject({
      code: failed,
      retryable: true,
    });
  });

  it('finds the code in error_codes too, and reads Retry-After', () => {
    expect(classify({ error: 'x', error_codes: [90033] }, 400, '3')).toMatchObject({
      aadsts: 90033,
      retryAfterInMs: 3000,
    });
  });

  it('repeats the server on one line, shortened, without what it was sent', () => {
    const description = `AADSTS70000: You sent\r\n\u0007s3cret%21 and s3cret!. ${'so '.repeat(500)}`;
    const body = JSON.stringify({ error: 's3cret!', error_description: description });
    const { message } = tokenEndpointErrorOf({ status: 400, retryAfter: undefined, body }, ['s3cret!'], 0);
    expect(message).toMatch(/refused with "\[redacted\]" \(status 400\): AADSTS70000: You sent \[redacted\]/);
    expect(message).not.toMatch(/s3cret|\p{Cc}/u);
    expect(message.length).toBeLessThan(800);
  });

  it.each([
    [refusalWith('invalid_grant', 65001), true],
    [refusalWith('invalid_grant', 53003), true],
    [refusalWith('interaction_required'), true],
    [refusalWith('invalid_grant', 50173), false],
    [refusalWith('invalid_grant', 700082), false],
    [refusalWith('login_required'), false],
  ])('%j concerns the resource: %s', (body, expected) => {
    const error = classify(body);
    expect(needsSignIn(error)).toBe(true);
    expect(concernsResource(error)).toBe(expected);
  });
});

describe('the body of an error response', () => {
  const claimsOf = (length: number): string => JSON.stringify({ a: 'x'.repeat(length - 8) });

  it.each<[string, unknown, object]>([
    [
      'of Entra',
      { error: 'x', error_description: 'AADSTS50173: a', error_codes: [7] },
      { error: 'x', description: 'AADSTS50173: a', aadsts: 50173 },
    ],
    ['of IMDS', { error: 'x', error_description: 'a' }, { error: 'x', description: 'a', aadsts: undefined }],
    ['of App Service', { ErrorCode: 'x', message: 'a' }, { error: 'x', description: 'a' }],
    ['of App Service, in the older form', { Message: 'a' }, { error: undefined, description: 'a' }],
    ['with a code alone', { error_codes: [50173, 7] }, { aadsts: 50173 }],
    ['with a code that is a text', { error_codes: ['50173'] }, { aadsts: undefined }],
    ['with a code that is not in a list', { error_codes: 50173 }, { aadsts: undefined }],
    ['with blanks before what follows', { error_description: ' ', message: 'a' }, { description: 'a' }],
    ['with what it inherits', {}, { error: undefined, description: undefined, aadsts: undefined }],
    ['with claims to satisfy', { claims: '{"access_token":{}}' }, { claims: '{"access_token":{}}' }],
    ['with claims that are not JSON', { claims: 'x' }, { claims: undefined }],
    ['with claims of 4,096 characters', { claims: claimsOf(4_096) }, { claims: claimsOf(4_096) }],
    ['with claims of 4,097 characters', { claims: claimsOf(4_097) }, { claims: undefined }],
    ['that is a text', 'down: AADSTS90033', { error: undefined, description: undefined, aadsts: 90033 }],
  ])('%s is read', (_, body, expected) => {
    expect(readTokenErrorBody(JSON.stringify(body))).toMatchObject(expected);
  });

  it.each([
    ['invalid_client', true],
    ['unauthorized_client', true],
    ['invalid_grant', true],
    ['invalid_scope', true],
    ['invalid_resource', true],
    ['unsupported_grant_type', true],
    ['temporarily_unavailable', false],
    ['interaction_required', false],
    [undefined, false],
  ])('with the error %s calls for a repair: %s', (error, expected) => {
    expect(isPermanent({ error })).toBe(expected);
  });
});

it.each([
  [700082, 'RefreshTokenExpiredError'],
  [50173, 'ReauthenticationRequiredError'],
  [7000215, 'InvalidClientError'],
  [70011, 'TokenRequestFailedError'],
])('AADSTS%i is a %s by name', (aadsts, name) => {
  expect(classify(refusalWith('x', aadsts)).name).toBe(name);
});

it('a refusal by a status of the server has its remedy, and that of a code stands above it', () => {
  expect(classify({}, 503).fix).toBe('The request is repeated in the background.');
  expect(classify(refusalWith('x', 50196)).fix).toContain('requests are spaced out');
});
