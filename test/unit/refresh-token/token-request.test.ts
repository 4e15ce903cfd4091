import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import { resolveRefreshTokenOptions } from '../../../lib/refresh-token/resolve-refresh-token-options.js';
import {
  mergeClaims,
  tokenRequest,
  type TokenRequestOptions,
} from '../../../lib/refresh-token/token-request.js';

const graph = 'https://graph.microsoft.com/.default';
const options = { tenantId: 'contoso.example', clientId: 'client', refreshToken: 'x' };
const request = (wish: TokenRequestOptions, changes: object = {}) =>
  tokenRequest(wish, resolveRefreshTokenOptions({ ...options, ...changes }));

describe('tokenRequest', () => {
  it.each([
    [{ scopes: graph }, {}, { scope: `${graph} offline_access` }],
    [{ scopes: [graph, 'openid'] }, {}, { scope: `${graph} openid offline_access` }],
    [{ scopes: [graph, 'offline_access'] }, {}, { scope: `${graph} offline_access` }],
    [{ scopes: graph }, { offlineAccess: false }, { scope: graph }],
    [{}, {}, {}],
    [{}, { endpointVersion: 'v1.0' }, {}],
    [{ scopes: graph }, { endpointVersion: 'v1.0' }, { resource: 'https://graph.microsoft.com' }],
    [
      { scopes: 'https://x.example//.default' },
      { endpointVersion: 'v1.0' },
      { resource: 'https://x.example/' },
    ],
    [{ scopes: ['openid', 'api://x'] }, { endpointVersion: 'v1.0' }, { resource: 'api://x' }],
  ])('sends for %j with %j: %j', (wish, changes, parameters) => {
    expect(request(wish, changes).parameters).toEqual(parameters);
  });

  it('has the same key for the same scopes in another order, and no other', () => {
    const keys = [
      request({ scopes: ['a', 'b'] }).key,
      request({ scopes: ['a'] }).key,
      request({ scopes: ['a', 'b'], tenantId: 'other' }).key,
      request({ scopes: ['a', 'b'], enableCae: true }).key,
    ];
    expect(new Set(keys).size).toBe(4);
    expect(request({ scopes: ['b', 'a'] }).key).toBe(keys[0]);
  });

  it.each([
    ['scopes', { scopes: '' }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: ['a', ''] }],
    ['scopes', { scopes: [7] as unknown as string[] }],
    ['scopes', { scopes: 7 as unknown as string }],
    ['tenantId', { tenantId: '../x' }],
    ['claims', { claims: '{' }],
    ['claims', { claims: '[]' }],
  ])('refuses %s of %j', (option, wish) => {
    const call = (): unknown => request(wish);
    expect(call).toThrow(EntraOptionsError);
    expect(call).toThrow(`"${option}"`);
  });

  it('refuses two resources of version 1.0', () => {
    expect(() => request({ scopes: ['a', 'b'] }, { endpointVersion: 'v1.0' })).toThrow(/one resource/);
  });
});

const cp1 = { access_token: { xms_cc: { values: ['cp1'] } } };

it.each([
  [undefined, false, undefined],
  [undefined, true, cp1],
  ['{"access_token":{}}', false, { access_token: {} }],
  ['{"access_token":{}}', true, cp1],
  ['{"id_token":{"x":1}}', true, { id_token: { x: 1 }, ...cp1 }],
  [
    '{"access_token":{"acrs":{"value":"c1"}}}',
    true,
    { access_token: { acrs: { value: 'c1' }, ...cp1.access_token } },
  ],
])('claims %s with Continuous Access Evaluation %s are %j', (claims, enableCae, expected) => {
  const merged = mergeClaims(claims, enableCae);
  expect(merged === undefined ? undefined : JSON.parse(merged)).toEqual(expected);
});
