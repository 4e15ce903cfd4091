import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { findRefreshToken, processTokenResponse } from '../../../lib/refresh-token/process-token-response.js';
import { jwt } from '../../support/tokens.js';

const now = Date.UTC(2026, 0, 1);
const nowInSeconds = now / 1000;
const good = { token_type: 'Bearer', access_token: 'access', expires_in: 3600 };

describe('processTokenResponse', () => {
  it('reads every parameter, with numbers as numbers', () => {
    const numbers = { expires_in: '3599', ext_expires_in: '7199', refresh_in: '1800' };
    const times = { not_before: `${nowInSeconds - 300}`, expires_on: `${nowInSeconds + 3599}` };
    const words = { scope: 'a b', resource: 'r', refresh_token: 'refresh', id_token: 'id', foci: '1' };
    const response = processTokenResponse(
      { ...good, token_type: 'bearer', ...numbers, ...times, ...words },
      now,
    );
    expect(response).toMatchObject({
      tokenType: 'Bearer',
      accessToken: 'access',
      refreshToken: 'refresh',
      idToken: 'id',
      scope: 'a b',
      resource: 'r',
      expiresIn: 3599,
      extExpiresIn: 7199,
      refreshIn: 1800,
      notBefore: nowInSeconds - 300,
      expiresOn: nowInSeconds + 3599,
      receivedOnTimestamp: now,
      expiresOnTimestamp: now + 3_599_000,
      refreshAfterTimestamp: now + 1_800_000,
    });
    expect(response.additional).toEqual({ foci: '1' });
  });

  it.each([
    ['expires_in, a number', { expires_in: 60 }, 60],
    ['expires_in, a string', { expires_in: '60' }, 60],
    ['expires_in, a second', { expires_in: 1 }, 1],
    ['expires_in, a fraction', { expires_in: 59.5 }, 59.5],
    ['expires_on when expires_in is missing', { expires_in: undefined, expires_on: nowInSeconds + 90 }, 90],
    ['expires_on when expires_in is not a number', { expires_in: 'soon', expires_on: nowInSeconds + 90 }, 90],
    ['expires_on when expires_in is negative', { expires_in: -1, expires_on: `${nowInSeconds + 90}` }, 90],
    ['expires_on when expires_in is absurd', { expires_in: 1e300, expires_on: nowInSeconds + 90 }, 90],
    ['exp when both are missing', { expires_in: null, access_token: jwt({ exp: nowInSeconds + 30 }) }, 30],
  ])('knows the life by %s', (_, changes, expiresIn) => {
    expect(processTokenResponse({ ...good, ...changes }, now)).toMatchObject({
      expiresIn,
      expiresOnTimestamp: now + expiresIn * 1000,
    });
  });

  it.each([
    ['nothing', undefined, /not a JSON object/],
    ['no access token', { access_token: undefined }, /returned no access token/],
    ['an empty access token', { access_token: '' }, /returned no access token/],
    ['an access token that is not a string', { access_token: 7 }, /returned no access token/],
    ['an access token that would break a header', { access_token: 'a\r\nb' }, /malformed/],
    ['no token type', { token_type: undefined }, /not a bearer token/],
    ['another token type', { token_type: 'pop' }, /not a bearer token/],
    ['no life', { expires_in: undefined }, /did not return when/],
    ['a life that is NaN', { expires_in: 'NaN' }, /did not return when/],
    ['a life that is an empty text', { expires_in: '' }, /did not return when/],
    ['a life of blanks', { expires_in: '  ' }, /did not return when/],
    ['a life in hexadecimal', { expires_in: '0x10' }, /did not return when/],
    ['a life that is a truth value', { expires_in: true }, /did not return when/],
    ['a life that is a list', { expires_in: ['3600'] }, /did not return when/],
    ['a life of more than ten years', { expires_in: 10 * 365 * 86_400 + 1 }, /did not return when/],
    ['a life of nothing', { expires_in: 0 }, /already expired/],
    ['a life of nothing, as a string', { expires_in: '0' }, /already expired/],
    ['a past end', { expires_in: undefined, expires_on: 1 }, /already expired/],
  ])('refuses %s', (_, changes, message) => {
    const body = changes === undefined ? undefined : { ...good, ...changes };
    expect(() => processTokenResponse(body, now)).toThrow(message);
  });

  it('takes the longest life, and a text with blanks around a number', () => {
    const longest = 10 * 365 * 86_400;
    expect(processTokenResponse({ ...good, expires_in: ` ${longest} ` }, now)).toMatchObject({
      expiresIn: longest,
    });
  });

  it.each(['access_token', 'refresh_token', 'id_token'])(
    'refuses %s of more than 65,536 characters',
    (key) => {
      const longest = 'x'.repeat(65_536);
      expect(processTokenResponse({ ...good, [key]: longest }, now)).toBeDefined();
      expect(() => processTokenResponse({ ...good, [key]: `${longest}x` }, now)).toThrow(/65536 characters/);
    },
  );

  it.each([
    ['extExpiresIn', { ext_expires_in: 'x' }],
    ['extExpiresIn', { ext_expires_in: '' }],
    ['notBefore', { not_before: '' }],
    ['refreshIn', { refresh_in: -5 }],
    ['notBefore', { not_before: {} }],
    ['scope', { scope: 7 }],
    ['idToken', { id_token: [] }],
    ['refreshToken', { refresh_token: null }],
  ])('leaves out %s when its value has the wrong type', (key, changes) => {
    expect(Reflect.get(processTokenResponse({ ...good, ...changes }, now), key)).toBeUndefined();
  });

  it('cannot be changed, and shows no secret', () => {
    const response = processTokenResponse(
      { ...good, refresh_token: 'hush-1', id_token: 'hush-2', x: 'hush-3' },
      now,
    );
    expect(() => Object.assign(response, { expiresIn: 1 })).toThrow(TypeError);
    expect(() => Object.assign(response.additional, { x: 1 })).toThrow(TypeError);
    const shown = [
      inspect(response, { showHidden: true, depth: Infinity, getters: true }),
      inspect(response, { showHidden: true, customInspect: false }),
      JSON.stringify({ response }),
      JSON.stringify({ ...response }),
      JSON.stringify(Object.entries(response)),
    ];
    for (const text of shown) expect(text).not.toMatch(/hush|: 'access'/);
    expect(shown[0]).toMatch(/expiresIn: 3600/);
  });
});

describe('findRefreshToken', () => {
  it.each([
    ['{"refresh_token":"new","access_token":"a"}', 'new'],
    ['{"refresh_token" : "new","access_tok', 'new'],
    ['{"a":1,"refresh_token":"n\\u0065w"', 'new'],
    ['{"refresh_token":"ne', undefined],
    ['{"refresh_token":"new\\"', undefined],
    ['{"refresh_token":"\\x","', undefined],
    ['{"refresh_token":"","', undefined],
    ['{"refresh_token":7}', undefined],
    ['[{"refresh_token":"new"}]', 'new'],
    ['', undefined],
    ['{"token":"refresh_token","refresh_token":"new","a', 'new'],
    ['{"refresh_token":null,"a":{"refresh_token":"new"', 'new'],
  ])('in %.60s: %s', (body, expected) => {
    expect(findRefreshToken(body)).toBe(expected);
  });

  it.each(['"}', '",'])(
    'in an answer that ends with %s, takes none of more than 65,536 characters',
    (end) => {
      const longest = 'x'.repeat(65_536);
      expect(findRefreshToken(`{"refresh_token":"${longest}${end}`)).toBe(longest);
      expect(findRefreshToken(`{"refresh_token":"${longest}x${end}`)).toBeUndefined();
    },
  );
});
