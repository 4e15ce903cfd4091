import { describe, expect, it } from '@jest/globals';

import { ClientSecretCredential } from '@azure/identity';
import {
  EntraAuthModule,
  EntraTokenService,
  isEntraAuthError,
  type AccessToken,
  type EntraAuthErrorCode,
  type EntraAuthModuleOptions,
  type TokenCredential,
} from 'nestjs-entra-auth';

import { EndToEnd, type ScopedApp } from '../support/e2e.js';
import { quickestOfThree } from '../support/eventually.js';
import { credentialFactory, databaseAudience, localDataSource } from '../support/local-entra.js';

const password = 'hunter2-of-the-database';
const mostToGiveUpInMs = 3_000;
const e2e = new EndToEnd(() => ({ postgres: true }));

/** Options as a user writes them without TypeScript, or reads them from a file. */
const asOptions = (options: object): EntraAuthModuleOptions => options;

describe('an application with wrong options', () => {
  const database = (changes: object): (() => object) => {
    return () => ({ dataSource: { ...localDataSource(e2e.entra), ...changes } });
  };

  it.each<[string, () => object, string, RegExp]>([
    ['TLS turned off', database({ ssl: false }), 'dataSource.ssl', /server must be verified/],
    [
      'TLS that verifies nothing',
      database({ ssl: { rejectUnauthorized: false } }),
      'dataSource.ssl.rejectUnauthorized',
      /server must be verified/,
    ],
    ['a password', database({ password }), 'dataSource.password', /access token takes its place/],
    ['a password for the pool', database({ extra: { password } }), 'dataSource.extra.password', /override/],
    [
      'a password in the URL',
      () => ({ dataSource: { type: 'postgres', url: `postgres://notes-app:${password}@localhost/app` } }),
      'dataSource.url',
      /access token takes its place/,
    ],
    [
      'TLS turned off in the URL',
      () => ({ dataSource: { type: 'postgres', url: 'postgres://notes-app@localhost/app?sslmode=disable' } }),
      'dataSource.url',
      /sslmode=verify-full/,
    ],
    ['no host', database({ host: undefined }), 'dataSource.host', /Give the name of the server/],
    ['no scopes', () => ({ resources: { reports: {} } }), 'resources.reports.scopes', /Give scopes such as/],
    [
      'a data source of an unknown resource',
      database({ resource: 'reports' }),
      'dataSource.resource',
      /Add "reports" to "resources"/,
    ],
    ['no credential', () => ({ credential: 'az login' }), 'credential', /getToken\(\)/],
    ['a misspelt option', () => ({ resource: { graph: {} } }), 'resource', /Did you mean "resources"/],
  ])(
    'does not start with %s, and tells which option is wrong and what to write',
    async (_, given, option, fix) => {
      e2e.scan.protect({ password });
      e2e.entra.requests.reset();
      const { accepted, refused } = e2e.entra.postgres.logins;
      const options = asOptions({ credential: credentialFactory(e2e.entra), ...given() });
      const error = await e2e.errorOf(e2e.bootWithDatabase(options));

      expect(isEntraAuthError(error)).toBe(true);
      expect(error).toMatchObject({ name: 'EntraOptionsError', code: 'ENTRA_OPTIONS_INVALID', option });
      expect(error).toMatchObject({ message: expect.stringMatching(fix) as unknown });
      // Nothing has gone over the network by then.
      expect(e2e.entra.requests.total).toBe(0);
      expect(e2e.entra.postgres.logins).toMatchObject({ accepted, refused });
    },
  );
});

describe('an application whose credential gives no token', () => {
  const answering = (answer: () => unknown): TokenCredential => ({
    getToken: () => Promise.resolve().then(answer) as Promise<AccessToken>,
  });
  const token = (changes: object): TokenCredential =>
    answering(() => ({ token: 'opaque', expiresOnTimestamp: Date.now() + 3_600_000, ...changes }));

  it.each<[string, () => EntraAuthModuleOptions['credential'], EntraAuthErrorCode, RegExp]>([
    ['returns null', () => answering(() => null), 'ENTRA_TIMEOUT', /returned null and no token/],
    ['returns an empty token', () => token({ token: '' }), 'ENTRA_TIMEOUT', /empty token/],
    ['returns one that has expired', () => token({ expiresOnTimestamp: 1 }), 'ENTRA_TIMEOUT', /had expired/],
    [
      'throws',
      () => answering(() => Promise.reject(new Error('no such identity'))),
      'ENTRA_TIMEOUT',
      /no such identity/,
    ],
    [
      'hangs',
      () => answering(() => new Promise(() => undefined)),
      'ENTRA_TIMEOUT',
      /"graph".*No answer came/,
    ],
    [
      'cannot be made',
      () => () => Promise.reject(new Error('no configuration')),
      'ENTRA_TOKEN_UNAVAILABLE',
      /could not be made: no configuration/,
    ],
    [
      'has the wrong secret',
      () => () =>
        new ClientSecretCredential(e2e.entra.tenantId, e2e.entra.client.clientId, 'a-wrong-secret', {
          authorityHost: e2e.entra.authorityHost,
          disableInstanceDiscovery: true,
          tlsOptions: { ca: e2e.entra.certificateAuthority },
        }),
      'ENTRA_TOKEN_UNAVAILABLE',
      /AADSTS7000215.*Check the client secret/s,
    ],
  ])('does not start, and tells why: it %s', async (_, credential, code, message) => {
    let error: unknown;
    // What no further try can mend ends the start before its deadline.
    const startupTimeoutInMs = code === 'ENTRA_TIMEOUT' ? 300 : 10_000;
    const limitInMs = Math.max(mostToGiveUpInMs, startupTimeoutInMs);
    const boot = async (): Promise<void> => {
      const options = { credential: credential(), resources: { graph: {} }, startupTimeoutInMs };
      error = await e2e.errorOf(e2e.boot(EntraAuthModule.forRoot(asOptions(options))));
    };

    expect(await quickestOfThree(limitInMs, boot)).toBeLessThan(limitInMs);
    expect(isEntraAuthError(error)).toBe(true);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });
});

describe('an application whose servers cannot be reached', () => {
  it.each([
    ['refuses connections', { kind: 'connection-refused' }],
    ['never answers', { kind: 'hang-before-headers' }],
    ['never finishes its answer', { kind: 'hang-in-body' }],
  ] as const)('gives up its start in time when Entra %s', async (_, fault) => {
    await e2e.entra.faults.set('all', fault);
    let error: unknown;
    const boot = async (): Promise<void> => {
      // Their own repetitions would go on for seconds after the start was given up.
      const credential = credentialFactory(e2e.entra, { retryOptions: { maxRetries: 0 } });
      const options = { credential, resources: { graph: {} }, startupTimeoutInMs: 300 };
      error = await e2e.errorOf(e2e.boot(EntraAuthModule.forRoot(options)));
    };
    const tookInMs = await quickestOfThree(mostToGiveUpInMs, boot);
    await e2e.entra.faults.clear();

    expect(tookInMs).toBeLessThan(mostToGiveUpInMs);
    expect(error).toMatchObject({ code: 'ENTRA_TIMEOUT', retryable: true });
    expect(error).toMatchObject({ message: expect.stringMatching(/"graph"/) as unknown });
  });

  it('gives up its start in time when the database does not answer', async () => {
    e2e.entra.postgres.pause();
    const boot = (): Promise<ScopedApp> =>
      e2e.bootWithDatabase({
        credential: credentialFactory(e2e.entra),
        dataSource: {
          ...localDataSource(e2e.entra),
          connectTimeoutMS: 500,
          retryAttempts: 1,
          retryDelay: 100,
        },
      });
    const tookInMs = await quickestOfThree(mostToGiveUpInMs, () => e2e.errorOf(boot()));
    e2e.entra.postgres.resume();
    expect(tookInMs).toBeLessThan(mostToGiveUpInMs);
  });
});

describe('a call for a resource that does not exist', () => {
  it('fails at once with the names of those that do', async () => {
    await using app = await e2e.boot(
      EntraAuthModule.forRoot({ credential: credentialFactory(e2e.entra), resources: { graph: {} } }),
    );
    const tokens = app.get(EntraTokenService);

    expect(await e2e.errorOf(tokens.getToken('grpah'))).toMatchObject({
      code: 'ENTRA_RESOURCE_UNKNOWN',
      message: expect.stringMatching(/Unknown resource "grpah" \(configured: "graph"\)/) as unknown,
    });
    expect(await tokens.getToken(`${databaseAudience}/.default`)).toHaveProperty('expiresOnTimestamp');
  });
});

e2e.letsNoSecretOut();
