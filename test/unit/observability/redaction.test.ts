import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { redact, redactError } from '../../../lib/observability/redaction.js';
import { jwt } from '../../support/tokens.js';

const token = jwt({ sub: 'someone', exp: 1 });

describe('redact', () => {
  it.each([
    ['a JWT', `got ${token} back`, 'got [redacted token] back'],
    ['a bearer header', 'Authorization: Bearer abc.def~g', 'Authorization: Bearer [redacted]'],
    [
      'a form body',
      'client_id=1&client_secret=s3cr~t&scope=x',
      'client_id=1&client_secret=[redacted]&scope=x',
    ],
    ['a JSON body', '{"refresh_token": "0.AAA", "a": 1}', '{"refresh_token": "[redacted]", "a": 1}'],
    [
      'properties',
      '{"accessToken":"a.b","clientSecret":"s"}',
      '{"accessToken":"[redacted]","clientSecret":"[redacted]"}',
    ],
    ['JSON inside JSON', '"{\\"client_secret\\":\\"s3cr~t\\"}"', '"{\\"client_secret\\":\\"[redacted]"}"'],
    ['a query inside a query', 'x=client_secret%3Ds3cr~t&y=1', 'x=client_secret%3D[redacted]&y=1'],
    ['a phrase in quotes', 'password="my secret phrase" and more', 'password="[redacted]" and more'],
    ['the password of a URL', 'postgres://app:s3cr~t@db/app', 'postgres://app:[redacted]@db/app'],
    ['a long opaque run', `x ${'A'.repeat(300)} y`, 'x [redacted] y'],
    ['plain words', 'AADSTS700016: Application not found.', 'AADSTS700016: Application not found.'],
  ])('%s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});

describe('long runs without a break', () => {
  const run = fc.stringMatching(/^[\w.~+/=-]+$/);
  // Lengths around the one that counts.
  const longRun = fc
    .tuple(run, fc.integer({ min: 190, max: 410 }))
    .map(([unit, length]) => unit.repeat(length).slice(0, length));
  const plain = fc.oneof(run, longRun, fc.constantFrom(' ', '\n', 'é', '"', ';', '€'));
  const told = fc.constantFrom(token, 'Bearer ', 'Bearer abc', 'password=', 'é');
  const textOf = (...pieces: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.array(fc.oneof(...pieces), { maxLength: 10 }).map((found) => found.join(''));
  // As it is meant, without the anchor that makes it fast.
  const longOpaque = /[\w.~+/=-]{200,}/g;

  it('are all redacted, whatever stands around them', () => {
    fc.assert(
      fc.property(textOf(plain, told, fc.string()), (text) => redact(text).search(longOpaque) === -1),
    );
  });

  it('are redacted from the first character to the last, and shorter ones are not', () => {
    fc.assert(
      fc.property(textOf(plain), (text) => {
        expect(redact(text)).toBe(text.replace(longOpaque, '[redacted]'));
      }),
    );
  });
});

describe('redactError', () => {
  it('keeps the errors of an AggregateError, without their secrets', () => {
    const { errors } = redactError(new AggregateError([new Error(`sent ${token}`)], 'all')) as AggregateError;
    expect(errors).toEqual([new Error('sent [redacted token]')]);
  });

  it.each([
    ['a stack that is no text', Object.assign(new Error('x'), { stack: [] as unknown }), 'x'],
    [
      'getters that throw',
      new Proxy(new Error('x'), {
        get: () => {
          throw new Error('no');
        },
      }),
      'An error that cannot be read.',
    ],
  ])('survives %s', (_, error, message) => {
    expect(redactError(error).message).toBe(message);
  });

  it('keeps what helps and drops what tells', () => {
    const inner = Object.assign(new Error(`sent ${token}`), { code: 'ECONNRESET' });
    const error = Object.assign(new TypeError(`failed with ${token}`, { cause: inner }), {
      statusCode: 401,
      request: { headers: { authorization: `Bearer ${token}` } },
    });
    const copy = redactError(error);
    expect(copy).toMatchObject({ name: 'TypeError', statusCode: 401, cause: { code: 'ECONNRESET' } });
    expect(copy.stack).toContain('redaction.test');
    expect(inspect(copy, { showHidden: true, depth: Infinity })).not.toContain(token.slice(0, 20));
  });

  it('says what kind of thing was thrown that is no error', () => {
    expect(redactError(null).message).toMatch(/null/);
    expect(redactError({ token }).message).not.toContain(token);
  });

  it('survives a chain of causes without end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(redactError(error).message).toBe('round');
  });
});
