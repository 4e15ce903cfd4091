import { inspect } from 'node:util';

import { expect, it } from '@jest/globals';

import { TokenResponse, type TokenResponseInit } from '../../../lib/refresh-token/token-response.js';

const least: TokenResponseInit = {
  accessToken: 'access',
  refreshToken: undefined,
  idToken: undefined,
  scope: undefined,
  resource: undefined,
  expiresIn: 60,
  extExpiresIn: undefined,
  refreshIn: undefined,
  notBefore: undefined,
  expiresOn: undefined,
  additional: {},
  receivedOnTimestamp: 1_500,
};
const shown = {
  tokenType: 'Bearer',
  expiresIn: 60,
  expiresOn: 61,
  receivedOnTimestamp: 1_500,
  expiresOnTimestamp: 61_500,
};

it('has only members that were sent or follow from them', () => {
  const response = new TokenResponse(least);
  for (const member of [
    'extExpiresIn',
    'refreshIn',
    'notBefore',
    'scope',
    'resource',
    'refreshAfterTimestamp',
  ]) {
    expect(Object.hasOwn(response, member) && response[member as keyof TokenResponse] !== undefined).toBe(
      false,
    );
  }
  expect(JSON.parse(JSON.stringify(response))).toEqual({ ...shown, accessToken: '[hidden]' });
});

it('shows that tokens are there, and none of them', () => {
  const response = new TokenResponse({
    ...least,
    refreshToken: 'refresh',
    idToken: 'id-token',
    additional: { foci: 'foci-1' },
    refreshIn: 30,
  });
  expect(JSON.parse(JSON.stringify(response))).toEqual({
    ...shown,
    refreshIn: 30,
    refreshAfterTimestamp: 31_500,
    accessToken: '[hidden]',
    refreshToken: '[hidden]',
    idToken: '[hidden]',
    additional: '[hidden]',
  });
  const printed = inspect(response, { depth: 9 }) + JSON.stringify({ ...response });
  for (const secret of ["'access'", "'refresh'", 'id-token', 'foci-1']) expect(printed).not.toContain(secret);
  expect([response.accessToken, response.refreshToken, response.idToken]).toEqual([
    'access',
    'refresh',
    'id-token',
  ]);
});
