import { describe, expect, it } from '@jest/globals';
import {
  InvalidClientError,
  ReauthenticationRequiredError,
  RefreshTokenExpiredError,
  TokenRequestFailedError,
} from 'nestjs-entra-auth';

import { classifyCredentialFailure } from '../../../lib/errors/credential-failure.js';
import { CredentialUnavailableError } from '../../../lib/errors/credential-unavailable.error.js';

const now = Date.UTC(2026, 0, 1);
const classify = (error: unknown) => classifyCredentialFailure(error, now);

describe('classifyCredentialFailure', () => {
  it.each([
    ['a wrong secret', 'AADSTS7000215: Invalid client secret provided.', false],
    ['an expired secret', 'AADSTS7000222: The provided client secret keys are expired.', false],
    ['an unknown application', 'AADSTS700016: Application was not found.', false],
    ['an unknown tenant', 'AADSTS90002: Tenant not found.', false],
    ['a busy service', 'AADSTS90033: A transient error has occurred.', true],
    ['a code nobody knows', 'AADSTS123456: New.', true],
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
  ])('knows whether somebody must sign in again: %s', (error, signIn) => {
    expect(classify(error)).toMatchObject({ retryable: false, aadsts: error.aadsts });
    expect(classify(error).signIn).toBe(signIn);
  });

  it('copes with whatever was thrown', () => {
    for (const thrown of [null, undefined, 42, 'text', {}]) expect(classify(thrown).retryable).toBe(true);
  });
});
