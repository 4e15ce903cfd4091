import { Agent } from 'node:https';

import { describe, expect, it } from '@jest/globals';
import {
  EntraOptionsError,
  MemoryRefreshTokenStore,
  RefreshTokenCredential,
  type RefreshTokenCredentialOptions,
} from 'nestjs-entra-auth';

import { resolveRefreshTokenOptions } from '../../../lib/refresh-token/resolve-refresh-token-options.js';
import { SecretScan } from '../../support/secret-scan.js';

const good: RefreshTokenCredentialOptions = {
  tenantId: 'contoso.example',
  clientId: 'client',
  refreshToken: 'hush-refresh',
};
const resolve = (changes: object) => resolveRefreshTokenOptions({ ...good, ...changes });

describe('resolveRefreshTokenOptions', () => {
  it('fills in the defaults', () => {
    expect(resolve({})).toMatchObject({
      authorityHost: 'https://login.microsoftonline.com',
      endpointVersion: 'v2.0',
      offlineAccess: true,
      storeTimeoutInMs: 10_000,
      shareAccessTokens: true,
      stopWhenStoreFails: false,
      spa: false,
      transport: { timeoutInMs: 10_000 },
      store: expect.any(MemoryRefreshTokenStore) as unknown,
    });
  });

  it.each([
    [{ cloud: 'usgov' }, 'https://login.microsoftonline.us'],
    [{ cloud: 'china' }, 'https://login.chinacloudapi.cn'],
    [{ authorityHost: 'https://one.example/' }, 'https://one.example'],
    [{ authorityHost: 'https://one.example/adfs//' }, 'https://one.example/adfs'],
    [{ cloud: 'china', authorityHost: 'https://one.example:8443' }, 'https://one.example:8443'],
  ])('asks with %j at %s', (changes, authorityHost) => {
    expect(resolve(changes).authorityHost).toBe(authorityHost);
  });

  it.each([
    ['tenantId', { tenantId: undefined }],
    ['tenantId', { tenantId: '../other' }],
    ['tenantId', { tenantId: 7 }],
    ['clientId', { clientId: '' }],
    ['clientSecret', { clientSecret: 7 }],
    ['clientSecret', { clientSecret: 'hush-secret\n' }],
    ['clientCertificate', { clientSecret: 'hush-secret', clientCertificate: 'hush-pem' }],
    ['clientAssertion', { clientAssertion: () => 'x', clientCertificate: 'hush-pem' }],
    ['clientAssertion', { clientAssertion: 'hush-assertion' }],
    ['clientCertificate', { clientCertificate: {} }],
    ['clientAuthentication', { clientAuthentication: 'client_secret_basic' }],
    ['clientAuthentication', { clientSecret: 'x', clientAuthentication: 'digest' }],
    ['clientCertificatePassword', { clientCertificatePassword: 'hush-password' }],
    ['cloud', { cloud: 'germany' }],
    ['authorityHost', { authorityHost: 'http://one.example' }],
    ['authorityHost', { authorityHost: 'https://user:hush-secret@one.example' }],
    ['authorityHost', { authorityHost: 'https://one.example?x=1' }],
    ['authorityHost', { authorityHost: 'one.example' }],
    ['certificateAuthority', { certificateAuthority: 7 }],
    ['endpointVersion', { endpointVersion: 'v3.0' }],
    ['offlineAccess', { offlineAccess: 'yes' }],
    ['refreshToken', { refreshToken: undefined }],
    ['refreshToken', { refreshToken: '' }],
    ['refreshToken', { refreshToken: 'hush-refresh\n' }],
    ['refreshToken', { refreshToken: ['hush-refresh'] }],
    ['store', { store: {} }],
    ['store', { store: 'hush-path' }],
    ['shareAccessTokens', { shareAccessTokens: 1 }],
    ['whenStoreFails', { whenStoreFails: 'panic' }],
    ['spa', { spa: 'no' }],
    ['clientSecret', { spa: true, clientSecret: 'hush-secret' }],
    ['clientCertificate', { spa: true, clientSecret: undefined, clientCertificate: 'hush-pem' }],
    ['clientAssertion', { spa: true, clientSecret: undefined, clientAssertion: () => 'hush-assertion' }],
    ['requestTimeoutInMs', { requestTimeoutInMs: 0 }],
    ['storeTimeoutInMs', { storeTimeoutInMs: '5' }],
    ['clock', { clock: Date }],
    ['agent', { agent: 'x' }],
    ['agent', { agent: new Agent({ rejectUnauthorized: false }) }],
    ['onTokenResponse', { onTokenResponse: 'x' }],
    ['refreshTokn', { refreshTokn: 'hush-refresh' }],
  ])('names %s in %j', (option, changes) => {
    const secrets = ['refresh', 'secret', 'pem', 'assertion', 'password', 'path'];
    const scan = new SecretScan(Object.fromEntries(secrets.map((name) => [name, `hush-${name}`])));
    let thrown: unknown;
    try {
      const given: object = { ...good, ...changes };
      new RefreshTokenCredential(given as RefreshTokenCredentialOptions);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(EntraOptionsError);
    expect(thrown).toMatchObject({ option, code: 'ENTRA_OPTIONS_INVALID' });
    scan.value('error', thrown);
    expect(scan.leaks()).toEqual([]);
  });

  it.each([undefined, null, 'x', []])('refuses %j in place of options', (options) => {
    expect(() => new RefreshTokenCredential(options as never)).toThrow(EntraOptionsError);
  });

  it('needs no refresh token when there is a store', () => {
    expect(
      resolve({ refreshToken: undefined, store: new MemoryRefreshTokenStore() }).initial,
    ).toBeUndefined();
  });
});
