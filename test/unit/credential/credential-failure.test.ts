import { describe, expect, it } from '@jest/globals';
import {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from 'nestjs-entra-auth';

import { classifyCredentialFailure } from '../../../lib/credential/credential-failure.js';
import {
  CredentialRequestError,
  CredentialUnavailableError,
} from '../../../lib/credential/credential.error.js';

const now = Date.UTC(2026, 0, 1);
const classify = (error: unknown) => classifyCredentialFailure(error, now);

describe('classifyCredentialFailure', () => {
  it.each([
    ['a wrong secret', 'AADSTS7000215: Invalid client secret provided.', false],
    ['an expired secret', 'AADSTS7000222: The provided client secret keys are expired.', false],
    ['an unknown application', 'AADSTS700016: Application was not found.', false],
    ['an unknown tenant', 'AADSTS90002: Tenant not found.', false],
    ['a busy service', 'AADSTS90033: A transient error has occurred.', true],
    ['an unknown code', 'AADSTS123456: New.', true],
    ['a network error', 'getaddrinfo ENOTFOUND login.microsoftonline.com', true],
  ])('tells %s from what passes by itself', (_, message, retryable) => {
    expect(classify(new Error(message)).retryable).toBe(retryable);
  });

  it('finds the code in a cause and inside an aggregate', () => {
    const inner = new Error('AADSTS700016: Application was not found.');
    expect(classify(new Error('outer', { cause: inner })).aadsts).toBe(700016);
    expect(classify(new AggregateError([new Error('x'), inner], 'chain')).aadsts).toBe(700016);
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', new Date(now + 30_000).toUTCString(), 30_000],
    ['a date in the past', new Date(now - 30_000).toUTCString(), 0],
    ['nonsense', 'soon', undefined],
  ])('reads Retry-After as %s', (_, header, expected) => {
    const response = { headers: { get: (name: string) => (name === 'retry-after' ? header : undefined) } };
    expect(classify(Object.assign(new Error('429'), { response })).retryAfterInMs).toBe(expected);
  });

  it('takes an error of this package at its word', () => {
    const error = new CredentialUnavailableError('There is none.', 'Give one.');
    expect(error.name).toBe('CredentialUnavailableError');
    expect(classify(error)).toEqual({ retryable: false, problem: 'There is none.', fix: 'Give one.' });
  });

  it('keeps what an error of this package knows of the answer', () => {
    const request = { retryable: true, statusCode: 429, retryAfterInMs: 5000, aadsts: 90033, error: 'x' };
    expect(classify(new TokenRequestFailedError('It is busy.', 'Wait.', request))).toEqual({
      retryable: true,
      problem: 'It is busy.',
      fix: 'Wait.',
      statusCode: 429,
      retryAfterInMs: 5000,
      aadsts: 90033,
    });
  });

  it.each([
    [new RefreshTokenExpiredError('It has expired.', 'Sign in.', { aadsts: 700082 }), true],
    [new ReauthenticationRequiredError('It was revoked.', 'Sign in.', { aadsts: 50173 }), true],
    [new InvalidClientError('The secret is wrong.', 'Correct it.', { aadsts: 7000215 }), undefined],
  ])('knows whether the user must sign in again: %s', (error, signIn) => {
    expect(classify(error)).toMatchObject({ retryable: false, aadsts: error.aadsts });
    expect(classify(error).signIn).toBe(signIn);
  });

  it('copes with whatever was thrown', () => {
    for (const thrown of [null, undefined, 42, 'text', {}]) expect(classify(thrown).retryable).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    ['a host without an address', 'getaddrinfo ENOTFOUND login.example', /name resolution \(DNS\)/],
    [
      'an unknown certificate authority',
      'self-signed certificate in certificate chain',
      /"certificateAuthority"/,
    ],
    ['a file', "ENOENT: no such file or directory, open '/none'", /the file exists/],
    ['a refused connection', 'connect ECONNREFUSED 127.0.0.1:443', /token endpoint can be reached/],
  ])('advises according to the fault: %s', (_, message, fix) => {
    expect(classify(new Error(message))).toMatchObject({ retryable: true, fix: expect.stringMatching(fix) });
  });

  it('sends to the explanation of a number that it does not know', () => {
    expect(classify(new Error('AADSTS123456: New.')).fix).toBe(
      'Look up AADSTS123456 at https://login.microsoftonline.com/error?code=123456.',
    );
  });
});

describe('classifyCredentialFailure, of what was seen on the wire', () => {
  it.each([
    ['the wire', '7', 7_000],
    ['the error, where the wire has none', undefined, 5_000],
  ])('takes Retry-After from %s', (_, header, retryAfterInMs) => {
    const cause = new TokenRequestFailedError('Busy.', 'Wait.', { retryable: true, retryAfterInMs: 5_000 });
    expect(classify(new CredentialRequestError(cause, 429, header, undefined))).toMatchObject({
      retryAfterInMs,
      statusCode: 429,
    });
  });

  const hidden = new Error('endpoints_resolution_error: See https://aka.ms/msal.js.errors');
  const request = (status: number | undefined, answer?: string, cause: unknown = hidden): unknown =>
    classify(new CredentialRequestError(cause, status, undefined, undefined, answer));
  const refused = (error: string, description: string): string =>
    JSON.stringify({ error, error_description: description });

  it('reads the number that the library hides', () => {
    expect(request(400, refused('invalid_request', 'AADSTS90002: Tenant not found.'))).toEqual({
      retryable: false,
      problem: 'AADSTS90002: Tenant not found.',
      fix: 'Check the tenant id: Entra ID does not know that tenant.',
      aadsts: 90002,
      statusCode: 400,
    });
  });

  it('reads the number in an error of the library, when no answer was kept', () => {
    const cause = new Error('invalid_client: Error(s): 7000215 - Description: AADSTS7000215: Invalid.');
    expect(request(401, undefined, cause)).toMatchObject({
      aadsts: 7000215,
      retryable: false,
      statusCode: 401,
    });
  });

  it.each<[string, number, string, boolean, RegExp]>([
    [
      'a code that is not known, of a client',
      401,
      refused('invalid_client', 'AADSTS7999999: x'),
      false,
      /7999999/,
    ],
    ['a refusal without a number', 400, refused('unauthorized_client', 'No.'), false, /authority host/],
    ['a refusal of another kind', 400, refused('something', 'No.'), true, /authority host/],
    ['a page that is not found', 404, '<html>Not here</html>', true, /authority host/],
    ['too many requests', 429, '', true, /limits requests/],
    ['a proxy that wants a password', 407, '', true, /proxy/],
    ['an outage', 503, refused('invalid_client', 'Down.'), true, /unwell/],
    ['a page with a number', 400, '<html>AADSTS90002: x</html>', false, /tenant id/],
  ])('knows what %s means', (_, status, answer, retryable, fix) => {
    expect(request(status, answer)).toMatchObject({
      retryable,
      statusCode: status,
      fix: expect.stringMatching(fix) as unknown,
    });
  });

  it.each(['<html><body>A page of a gateway</body></html>', '', '[]', '{"error":{}}'])(
    'does not repeat a body that is not a refusal: %s',
    (answer) => {
      const { problem } = request(502, answer) as { problem: string };
      expect(problem).toBe('The endpoint answered with HTTP status 502.');
    },
  );

  it('prefers why there was no answer', () => {
    const reset = new Error('read ECONNRESET');
    const failure = classify(new CredentialRequestError(hidden, undefined, undefined, reset));
    expect(failure).toMatchObject({ problem: 'read ECONNRESET.', retryable: true });
  });
});
