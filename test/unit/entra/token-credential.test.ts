import { expect, it } from '@jest/globals';

import { isTokenCredential, isUncached } from '../../../lib/entra/token-credential.js';

const getToken = () => Promise.resolve(null);

it.each([
  ['a credential that declares it', { getToken, isUncached: true }, true],
  ['one that declares the opposite', { getToken, isUncached: false }, false],
  ['one with another value', { getToken, isUncached: 'true' }, false],
  ['one that declares nothing', { getToken }, false],
  ['null', null, false],
  ['undefined', undefined, false],
  ['a function', Object.assign(() => undefined, { isUncached: true }), false],
])('takes %s as uncached: %s', (_, credential, expected) => {
  expect(isUncached(credential)).toBe(expected);
});

it.each([
  ['an object with getToken', { getToken }, true],
  ['an object whose getToken is a value', { getToken: 'token' }, false],
  ['an object without it', {}, false],
  ['null', null, false],
  ['a function', Object.assign(() => undefined, { getToken }), false],
])('takes %s as a credential: %s', (_, value, expected) => {
  expect(isTokenCredential(value)).toBe(expected);
});
