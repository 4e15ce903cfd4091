import { describe, expect, it } from '@jest/globals';

import { parseClaimsChallenge } from 'nestjs-entra-auth';

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"},"note":"~~ü?>"}}';
const base64 = Buffer.from(claims).toString('base64');
const base64url = Buffer.from(claims).toString('base64url');
const encoded = (text: string): string => `Bearer claims="${Buffer.from(text).toString('base64')}"`;

describe('parseClaimsChallenge', () => {
  it('is tested with claims whose encodings differ', () => {
    expect(base64).toMatch(/[+/].*=$/);
    expect(base64url).toMatch(/^[\w-]*[-_][\w-]*$/);
  });

  it.each([
    [
      'as Graph sends it',
      `Bearer realm="", authorization_uri="https://login.example/a,b", error="insufficient_claims", claims="${base64}"`,
    ],
    ['in base64url', `Bearer error="insufficient_claims", claims="${base64url}"`],
    ['first', `Bearer claims="${base64}", error="insufficient_claims"`],
    ['as a token without quotes', `Bearer error=insufficient_claims, claims=${base64url}`],
    ['with escapes', `Bearer claims="\\${base64.slice(0, 3)}\\${base64.slice(3)}"`],
    ['in any case, with space and empty elements', ` , bEaReR \t CLAIMS \t=  "${base64}" ,, `],
    ['after a challenge with a token68', `Negotiate YWJj/+==, Bearer claims="${base64}"`],
    [
      'after a challenge of its own parameters',
      `PoP nonce="a\\"b, Bearer claims=\\"x", Bearer claims="${base64}"`,
    ],
    ['after a bare scheme', `Basic, Bearer claims="${base64}"`],
    ['before another challenge', `Bearer claims="${base64}", Basic realm="x"`],
    ['in the second of two Bearer challenges', `Bearer realm="x", Bearer claims="${base64}"`],
    [
      'after claims that cannot be read',
      `Bearer claims="e30", Bearer claims="${base64}"`.replace('e30', '????'),
    ],
  ])('finds claims %s', (_, header) => {
    expect(parseClaimsChallenge(header)).toBe(claims);
  });

  it.each([
    ['no header', undefined],
    ['a header that is null', null],
    ['an empty header', ''],
    ['a bare scheme', 'Bearer'],
    ['a challenge without claims', 'Bearer realm="", error="invalid_token"'],
    ['claims of another scheme', `PoP claims="${base64}"`],
    ['claims inside another parameter', `Bearer realm="x, claims=\\"${base64}\\""`],
    ['a parameter whose name only ends so', `Bearer xclaims="${base64}"`],
    ['empty claims', 'Bearer claims=""'],
    ['claims that are no base64', 'Bearer claims="{}"'],
    ['claims with something in between', `Bearer claims="${base64.slice(0, 4)}!${base64.slice(4)}"`],
    ['claims that are no JSON', encoded('nonsense')],
    ['claims that are no object', encoded('["a"]')],
    ['claims that are null', encoded('null')],
    ['claims that break off', `Bearer claims="${base64.slice(0, 20)}"`],
    ['a quote that is never closed', `Bearer realm="x, claims="${base64}`],
    ['no comma between parameters', `Bearer realm="x" claims="${base64}"`],
    ['no comma between challenges', `Basic Bearer claims="${base64}"`],
    ['no scheme', `claims="${base64}"`],
    ['control characters', `Bearer realm="x"\u0000, claims="${base64}"`],
  ])('finds none in %s', (_, header) => {
    expect(parseClaimsChallenge(header)).toBeUndefined();
  });

  it.each(['Bearer ', 'Bearer a=', 'a ', 'a=b,', '"', '\\', ' ', ',', '='])(
    'reads a hostile header of many %j in time that grows with its length',
    (piece) => {
      expect(parseClaimsChallenge(`Bearer x="${piece.repeat(200_000 / piece.length)}`)).toBeUndefined();
      expect(parseClaimsChallenge(piece.repeat(200_000 / piece.length))).toBeUndefined();
    },
  );
});
