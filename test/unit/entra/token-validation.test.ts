import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { InvalidTokenError } from '../../../lib/entra/invalid-token.error.js';
import { validateAccessToken, type TokenExpectations } from '../../../lib/entra/token-validation.js';
import { jwt } from '../../support/tokens.js';

const now = Date.UTC(2026, 0, 1, 12);
const inSeconds = (offset: number): number => now / 1000 + offset;
const database: TokenExpectations = { audiences: ['https://db.example'], tenantId: 'tenant-1' };

const validate = (value: unknown, expected: TokenExpectations = {}, clockAheadInMs?: number) =>
  validateAccessToken(value, expected, { now, clockAheadInMs });

function reasonOf(value: unknown, expected?: TokenExpectations): string {
  try {
    validate(value, expected);
  } catch (error) {
    if (error instanceof InvalidTokenError) return error.reason;
    throw error;
  }
  return 'valid';
}

describe('validateAccessToken', () => {
  it.each([
    ['null', null, 'missing'],
    ['undefined', undefined, 'missing'],
    ['a string', 'token', 'missing'],
    ['no token', { expiresOnTimestamp: now + 1 }, 'missing'],
    ['an empty token', { token: '', expiresOnTimestamp: now + 1 }, 'missing'],
    ['a token with a line break', { token: 'a\r\nHost: evil', expiresOnTimestamp: now + 1 }, 'malformed'],
    ['no expiry', { token: 't' }, 'malformed'],
    ['an expiry that is not a number', { token: 't', expiresOnTimestamp: NaN }, 'malformed'],
    ['an expiry that is a date', { token: 't', expiresOnTimestamp: new Date(now + 1) }, 'malformed'],
    ['an expiry in the past', { token: 't', expiresOnTimestamp: now - 1 }, 'expired'],
    ['an expiry right now', { token: 't', expiresOnTimestamp: now }, 'expired'],
    ['an expiry in seconds', { token: 't', expiresOnTimestamp: inSeconds(3600) }, 'expired'],
    ['a JWT past its exp', { token: jwt({ exp: inSeconds(-1) }), expiresOnTimestamp: now + 1 }, 'expired'],
    [
      'a JWT before its nbf',
      { token: jwt({ nbf: inSeconds(60) }), expiresOnTimestamp: now + 1 },
      'not-yet-valid',
    ],
    ['an opaque token', { token: 'opaque', expiresOnTimestamp: now + 1 }, 'valid'],
    ['a JWT without any claim', { token: jwt({}), expiresOnTimestamp: now + 1 }, 'valid'],
    ['three parts that are not a JWT', { token: 'a.b.c', expiresOnTimestamp: now + 1 }, 'valid'],
    [
      'a JWT whose payload is not an object',
      { token: `a.${btoa('[1]')}.c`, expiresOnTimestamp: now + 1 },
      'valid',
    ],
  ])('%s', (_, value, reason) => {
    expect(reasonOf(value)).toBe(reason);
  });

  it.each([
    ['its audience', { aud: 'https://db.example', tid: 'tenant-1' }, 'valid'],
    ['its audience with a slash', { aud: 'https://db.example/', tid: 'tenant-1' }, 'valid'],
    ['its audience among several', { aud: ['x', 'https://db.example'], tid: 'tenant-1' }, 'valid'],
    ['another audience', { aud: 'https://graph.microsoft.com', tid: 'tenant-1' }, 'wrong-audience'],
    ['no audience', { tid: 'tenant-1' }, 'wrong-audience'],
    ['another tenant', { aud: 'https://db.example', tid: 'tenant-2' }, 'wrong-tenant'],
    ['no tenant', { aud: 'https://db.example' }, 'wrong-tenant'],
  ])('a database token with %s', (_, claims, reason) => {
    expect(reasonOf({ token: jwt(claims), expiresOnTimestamp: now + 1 }, database)).toBe(reason);
  });

  it.each([
    ['an opaque token', 'opaque'],
    ['three parts that are not a JWT', 'a.b.c'],
    ['a JWT whose payload is not an object', `a.${btoa('[1]')}.c`],
  ])('a database token that cannot be decoded is malformed: %s', (_, token) => {
    const value = { token, expiresOnTimestamp: now + 1 };
    expect(reasonOf(value, database)).toBe('malformed');
    expect(reasonOf(value, { audiences: ['https://db.example'] })).toBe('malformed');
    expect(reasonOf(value, { tenantId: 'tenant-1' })).toBe('malformed');
  });

  it.each([
    [
      { aud: 'https://graph.microsoft.com', tid: 'tenant-1' },
      'for "https://graph.microsoft.com" instead of "https://db.example"',
    ],
    [{ tid: 'tenant-1' }, 'for none instead of'],
    [{ aud: 'https://db.example', tid: 'tenant-2' }, 'of the tenant "tenant-2" instead of "tenant-1"'],
    [{ aud: 'https://db.example' }, 'of the tenant none instead of "tenant-1"'],
  ])('names what a database token has instead: %j', (claims, text) => {
    const value = { token: jwt(claims), expiresOnTimestamp: now + 1 };
    expect(() => validate(value, database)).toThrow(text);
  });

  it('compares by the issuer’s clock where a response showed it, also for opaque tokens', () => {
    const held = (ends: number, ahead?: number) =>
      validate({ token: 'opaque', expiresOnTimestamp: now + ends }, {}, ahead);
    // Of two that end at the same time here, the one that was received by the clock that was ahead ends earlier there.
    expect(held(3_600_000, 600_000).expiresBefore(held(3_600_000, 0))).toBe(true);
    expect(held(3_600_000).expiresBefore(held(3_600_000, 0))).toBe(false);
    expect(held(3_599_999).expiresBefore(held(3_600_000))).toBe(true);
  });

  it('compares JWTs by the issuer’s clock, whatever this machine’s clock was', () => {
    const held = (lateInMs: number, expInSeconds: number) =>
      validateAccessToken(
        {
          token: jwt({ exp: inSeconds(expInSeconds), iat: inSeconds(0) }),
          expiresOnTimestamp: now + 3_600_000,
        },
        {},
        { now: now - lateInMs },
      );
    // The first one was received by a clock that was behind by ten minutes, and ends earlier here, but not there.
    expect(held(600_000, 3_600).expiresBefore(held(0, 3_600))).toBe(false);
    expect(held(0, 3_500).expiresBefore(held(600_000, 3_600))).toBe(true);
  });

  it('believes exp when the credential promises a longer life', () => {
    const held = validate({ token: jwt({ exp: inSeconds(60) }), expiresOnTimestamp: now + 3_600_000 });
    expect(held.expiresOnTimestamp).toBe(now + 60_000);
  });

  it('believes the credential when it promises a shorter life', () => {
    const held = validate({ token: jwt({ exp: inSeconds(3600) }), expiresOnTimestamp: now + 60_000 });
    expect(held.expiresOnTimestamp).toBe(now + 60_000);
  });

  it('does not judge nbf by a clock that iat shows to be behind', () => {
    const claims = { iat: inSeconds(600), nbf: inSeconds(600), exp: inSeconds(4200) };
    expect(reasonOf({ token: jwt(claims), expiresOnTimestamp: now + 3_600_000 })).toBe('valid');
  });

  it('tells when a token expired or begins, and what time it is', () => {
    const expired = { token: 't', expiresOnTimestamp: now - 60_000 };
    expect(() => validate(expired)).toThrow(
      'had expired at 2026-01-01T11:59:00.000Z (now: 2026-01-01T12:00:00.000Z). Check the credential, its cache',
    );
    expect(() => validate({ ...expired, expiresOnTimestamp: -9e15 })).toThrow(
      'had expired at -9000000000000000 (',
    );
    const early = { token: jwt({ nbf: inSeconds(60) }), expiresOnTimestamp: now + 1 };
    expect(() => validate(early)).toThrow(
      'is not valid before 2026-01-01T12:01:00.000Z (now: 2026-01-01T12:00:00.000Z). Check this',
    );
  });

  it('points out that seconds were given for milliseconds', () => {
    expect(() => validate({ token: 't', expiresOnTimestamp: inSeconds(3600) })).toThrow(/milliseconds/);
  });

  it('keeps the token out of the error and of every way to print it', () => {
    const secret = jwt({ exp: inSeconds(3600), name: 'x'.repeat(50) });
    const held = validate({ token: secret, expiresOnTimestamp: now + 1_000 });
    const printed = [
      inspect(held, { showHidden: true, depth: Infinity }),
      JSON.stringify(held),
      JSON.stringify({ ...held }),
    ];
    try {
      validate({ token: secret.replace(/^/, '\n'), expiresOnTimestamp: now - 1 });
    } catch (error) {
      printed.push(inspect(error, { showHidden: true, depth: Infinity }), JSON.stringify(error));
    }
    expect(printed).toHaveLength(5);
    for (const text of printed) expect(text).not.toContain(secret.slice(0, 20));
    expect(held.token).toBe(secret);
  });
});

describe('the held token', () => {
  const opaque = { token: 'opaque', expiresOnTimestamp: now + 1000 };

  it.each([
    ['now', now, undefined],
    ['after now', now + 1, now + 1],
    ['before the end', now + 999, now + 999],
    ['at the end', now + 1000, undefined],
    ['a text', '2026', undefined],
  ])('keeps a time of refreshing between now and its end: %s', (_, refreshAfterTimestamp, expected) => {
    const held = validate({ ...opaque, refreshAfterTimestamp });
    expect(held.refreshAfterTimestamp).toBe(expected);
  });

  it.each([
    ['its tid', { tid: 'tenant-1' }, 'tenant-1'],
    ['no tid that is not a text', { tid: 7 }, undefined],
    ['no tid', {}, undefined],
  ])('has %s', (_, claims, expected) => {
    expect(validate({ token: jwt(claims), expiresOnTimestamp: now + 1000 }).tenantId).toBe(expected);
  });

  it.each([
    ['pop', 'pop'],
    ['Bearer', 'Bearer'],
    ['of a kind not known', 'Bearer'],
    [undefined, 'Bearer'],
  ])('of type %s is a %s token', (tokenType, expected) => {
    expect(validate({ ...opaque, tokenType }).tokenType).toBe(expected);
  });
});
