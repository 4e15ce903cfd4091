import { describe, expect, it } from '@jest/globals';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import type { EntraAuthModuleOptions } from '../../../lib/options/entra-auth-module.options.js';
import { identityResource, resolveOptions } from '../../../lib/options/resolve-options.js';
import { defaultRefreshPolicy } from '../../../lib/options/resolve-refresh-options.js';

const credential = { getToken: () => Promise.resolve(null) };
const tenantId = '11111111-aaaa-4bbb-8ccc-222222222222';
const identity = { kind: 'managed-identity' };
const dataSource = { type: 'postgres', host: 'db.example', username: 'app', database: 'notes' } as const;

/** Resolves options that TypeScript would refuse, as JavaScript and configuration files can give them. */
const resolveAnything = (options: unknown) => resolveOptions(options as EntraAuthModuleOptions);

function errorOf(options: unknown): EntraOptionsError {
  try {
    resolveAnything(options);
  } catch (error) {
    if (error instanceof EntraOptionsError) return error;
    throw error;
  }
  throw new Error('The options were accepted.');
}

describe('resolveOptions', () => {
  it('fills in the defaults', () => {
    const resolved = resolveOptions({ credential });
    expect(resolved).toMatchObject({ cloud: 'public', startup: 'wait', startupTimeoutInMs: 30_000 });
    expect(resolved.policy).toEqual(defaultRefreshPolicy);
    expect(resolved.resources.size).toBe(0);
    expect(resolved.dataSources.size).toBe(0);
  });

  it('treats an option that is undefined as left out', () => {
    const options = {
      credential,
      cloud: undefined,
      resources: undefined,
      refresh: undefined,
      startup: undefined,
    };
    expect(resolveAnything(options)).toMatchObject({ cloud: 'public', startup: 'wait' });
  });

  it.each([
    ['postgres', 'public', 'https://ossrdbms-aad.database.windows.net/.default'],
    ['postgres', 'usgov', 'https://ossrdbms-aad.database.usgovcloudapi.net/.default'],
    ['postgres', 'china', 'https://ossrdbms-aad.database.chinacloudapi.cn/.default'],
    ['graph', 'public', 'https://graph.microsoft.com/.default'],
    ['graph', 'usgov', 'https://graph.microsoft.us/.default'],
    ['graph', 'china', 'https://microsoftgraph.chinacloudapi.cn/.default'],
    ['mysql', 'public', 'https://ossrdbms-aad.database.windows.net/.default'],
    ['sql', 'public', 'https://database.windows.net/.default'],
    ['redis', 'public', 'https://redis.azure.com/.default'],
    ['keyvault', 'china', 'https://vault.azure.cn/.default'],
    ['storage', 'usgov', 'https://storage.azure.com/.default'],
    ['management', 'public', 'https://management.azure.com/.default'],
  ] as const)('knows the scope of %s in the %s cloud', (name, cloud, scope) => {
    const resolved = resolveOptions({ credential, cloud, resources: { [name]: {} } });
    expect(resolved.resources.get(name)?.scopes).toEqual([scope]);
  });

  it('expects the audience of databases, and of nothing else', () => {
    const { resources } = resolveOptions({ credential, resources: { postgres: {}, graph: {} } });
    expect(resources.get('postgres')?.expectations.audiences).toContain(
      'https://ossrdbms-aad.database.windows.net',
    );
    expect(resources.get('graph')?.expectations).toEqual({});
  });

  it('adds the resource that a data source needs', () => {
    expect(resolveOptions({ credential, dataSource }).resources.has('postgres')).toBe(true);
  });

  it('leaves a resource that a data source names as it is configured', () => {
    const resources = { postgres: { tenantId }, db: { scopes: 'api://db/.default' } };
    const sources = { default: dataSource, other: { ...dataSource, resource: 'db' } };
    const resolved = resolveOptions({ credential, resources, dataSource: sources }).resources;
    expect(resolved.get('postgres')?.tenantId).toBe(tenantId);
    expect(resolved.get('db')?.scopes).toEqual(['api://db/.default']);
    expect(resolved.size).toBe(2);
  });

  it('keeps the own values of a resource, and takes the rest from the module', () => {
    const { resources } = resolveOptions({
      credential,
      refresh: { shareOfLife: 0.6, jitter: 0.1, backoff: { maxDelayInMs: 9_000 } },
      resources: {
        graph: { enableCae: true, refresh: { jitter: 0.2, backoff: { initialDelayInMs: 500 } } },
        keyvault: {},
      },
    });
    expect(resources.get('graph')).toMatchObject({
      name: 'graph',
      enableCae: true,
      tenantId: undefined,
      policy: {
        shareOfLife: 0.6,
        jitter: 0.2,
        backoff: { initialDelayInMs: 500, maxDelayInMs: 9_000, shareOfLifeLeft: 0.8 },
      },
    });
    expect(resources.get('keyvault')).toMatchObject({ enableCae: false, policy: { jitter: 0.1 } });
  });

  it.each<[string, unknown, string]>([
    [
      'missing',
      {},
      'missing. Give scopes such as "https://graph.microsoft.com/.default", or use a name that is known: postgres, mysql, graph,',
    ],
    ['empty', { scopes: [] }, 'an empty array. Give one scope or an array of scopes.'],
    ['a number', { scopes: 7 }, '7. Give one scope or an array of scopes.'],
    [
      'of two words',
      { scopes: 'a b' },
      'a scope is empty or contains white space. Give each scope as a string',
    ],
    [
      'empty texts',
      { scopes: ['a', ''] },
      'a scope is empty or contains white space. Give each scope as a string',
    ],
    ['numbers', { scopes: ['a', 7] }, 'a scope is not a string. Give each scope as a string of its own'],
  ])('tells what is wrong with scopes that are %s', (_, resource, text) => {
    const { message } = errorOf({ credential, resources: { api: resource } });
    expect(message).toContain(`Invalid option "resources.api.scopes": ${text}`);
  });

  it.each<[string, unknown, string]>([
    [
      'a resource that is not an object',
      { resources: { api: 'x' } },
      '"resources.api": a string. Give an object such as',
    ],
    [
      'resources in a list',
      { resources: [] },
      '"resources": an empty array. Give an object of resources by name.',
    ],
    [
      'a credential of another kind',
      { credential: 7 },
      '"credential": 7. Give an object with a getToken() method',
    ],
    ['options in a list', [], '"options": an empty array. Give the options of the module as an object.'],
    ['refresh that is not an object', { refresh: 7 }, '"refresh": 7. Give an object of refresh options'],
    [
      'backoff that is not an object',
      { refresh: { backoff: 7 } },
      '"refresh.backoff": 7. Give an object, or leave',
    ],
    ['onDemand that is not an object', { onDemand: 7 }, '"onDemand": 7. Give an object such as { maxTokens'],
    ['telemetry that is not true or false', { telemetry: 1 }, '"telemetry": 1. Give true or false'],
  ])('tells what is wrong with %s', (_, options, text) => {
    expect(errorOf(options).message).toContain(`Invalid option ${text}`);
  });

  it('knows whether telemetry was asked for', () => {
    const telemetryOf = (telemetry?: boolean) => resolveOptions({ credential, telemetry }).telemetry;
    expect([undefined, true, false].map(telemetryOf)).toEqual([undefined, true, false]);
  });

  it('knows the tenant of a credential that is plain data, and of no other', () => {
    const secret = { kind: 'client-secret', tenantId, clientId: tenantId, clientSecret: 'hush-hush' };
    const own = { getToken: credential.getToken, tenantId };
    const { resources } = resolveAnything({
      resources: { graph: {}, keyvault: { credential: secret }, storage: { credential: own } },
    });
    const knows = (name: string) => resources.get(name)?.credential.isOwnTenant(tenantId);
    expect(['graph', 'keyvault', 'storage'].map(knows)).toEqual([false, true, false]);
  });

  it('takes one data source, or several by name', () => {
    expect([...resolveOptions({ credential, dataSource }).dataSources.keys()]).toEqual(['default']);
    const several = resolveOptions({ credential, dataSource: { default: dataSource, reports: dataSource } });
    expect([...several.dataSources.keys()]).toEqual(['default', 'reports']);
  });

  it('shares one provider among resources with the same credential', () => {
    const own = (): typeof credential => credential;
    const { resources } = resolveOptions({
      credential,
      resources: {
        graph: {},
        keyvault: {},
        a: { scopes: 'a', credential: own },
        b: { scopes: 'b', credential: own },
      },
    });
    const provider = (name: string) => resources.get(name)?.credential;
    expect(provider('graph')).toBe(provider('keyvault'));
    expect(provider('a')).toBe(provider('b'));
    expect(provider('a')).not.toBe(provider('graph'));
  });

  it('takes equal plain data for one credential, and never two objects or functions', async () => {
    const answering = (token: string) => ({
      getToken: () => Promise.resolve({ token, expiresOnTimestamp: 1 }),
    });
    const [one, other] = [answering('one'), answering('other')];
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
    const { resources } = resolveOptions({
      resources: {
        a: { scopes: 'a', credential: one },
        b: { scopes: 'b', credential: other },
        c: { scopes: 'c', credential: () => one },
        d: { scopes: 'd', credential: () => other },
        e: { scopes: 'e', credential: { kind: 'managed-identity', clientId: tenantId } },
        f: { scopes: 'f', credential: { kind: 'managed-identity', clientId: tenantId } },
        g: { scopes: 'g', credential: { kind: 'managed-identity' } },
      },
    });
    const providers = [...resources.values()].map((resource) => resource.credential);
    expect(new Set(providers.slice(0, 4)).size).toBe(4);
    expect(await Promise.all(providers.slice(0, 4).map((provider) => provider.get()))).toEqual([
      one,
      other,
      one,
      other,
    ]);
    expect(providers.slice(0, 4).map(({ renewable }) => renewable)).toEqual([false, false, true, true]);
    expect(providers[4]).toBe(providers[5]);
    expect(providers[6]).not.toBe(providers[5]);
  });

  it.each([
    ['client-secret', 'tenantId'],
    ['client-secret', 'clientId'],
    ['client-secret', 'clientSecret'],
    ['client-certificate', 'tenantId'],
    ['client-certificate', 'clientId'],
  ])('names what a credential of kind %s lacks: %s', (kind, missing) => {
    const whole = { tenantId, clientId: tenantId, clientSecret: 'a-secret', certificatePath: '/tmp/a.pem' };
    const needed =
      kind === 'client-secret'
        ? ['tenantId', 'clientId', 'clientSecret']
        : ['tenantId', 'clientId', 'certificatePath'];
    const given = Object.fromEntries(
      Object.entries(whole).filter(([key]) => needed.includes(key) && key !== missing),
    );
    expect(errorOf({ credential: { kind, ...given } })).toMatchObject({ option: `credential.${missing}` });
  });

  it('knows the tenant of a credential that is plain data', () => {
    const secret = { tenantId, clientId: tenantId, clientSecret: 'a-secret' };
    const { resources } = resolveOptions({
      resources: {
        a: { scopes: 'a', credential: { kind: 'client-secret', ...secret } },
        b: { scopes: 'b', credential: { kind: 'managed-identity' } },
      },
    });
    const own = [...resources.values()].map((resource) => resource.credential.isOwnTenant(tenantId));
    expect(own).toEqual([true, false]);
  });

  it.each(['wait', 'background', 'lazy'] as const)('takes the start-up mode %s', (startup) => {
    expect(resolveOptions({ credential, startup }).startup).toBe(startup);
  });

  it.each<[string, unknown, unknown]>([
    ['the managed identity of the module', { ...identity, clientId: tenantId }, tenantId],
    [
      "the machine's, not by a secret",
      { kind: 'client-secret', tenantId, clientId: tenantId, clientSecret: 's' },
      undefined,
    ],
    [
      "the machine's, not by a credential of the application's own",
      { ...credential, ...identity },
      undefined,
    ],
  ])('proves the application to Entra by %s', (_, given, clientId) => {
    const users = {
      client: { tenantId, clientId: tenantId, clientAssertion: 'managed-identity' },
      resources: { graph: {} },
    };
    const alike = { scopes: 'a', credential: { ...identity, clientId } };
    const { resources } = resolveAnything({ credential: given, users, resources: { alike } });
    const proof = resources.get(identityResource);
    expect(proof?.scopes).toEqual(['api://AzureADTokenExchange/.default']);
    expect(proof?.credential).toBe(resources.get('alike')?.credential);
  });

  it('asks for no identity where the application proves itself otherwise', () => {
    const client = { tenantId, clientId: tenantId, clientSecret: 's' };
    const { resources } = resolveAnything({ credential, users: { client, resources: { graph: {} } } });
    expect([...resources.keys()]).toEqual([]);
  });

  it('lets a resource refine the refresh options of the module', () => {
    const { resources } = resolveOptions({
      credential,
      refresh: { shareOfLife: 0.4, backoff: { maxDelayInMs: 9_000 } },
      resources: { graph: { refresh: { jitter: 0, backoff: { initialDelayInMs: 5 } } } },
    });
    expect(resources.get('graph')?.policy).toMatchObject({
      shareOfLife: 0.4,
      jitter: 0,
      backoff: { initialDelayInMs: 5, maxDelayInMs: 9_000 },
    });
  });

  it.each([
    ['of its own', { resources: { api: { scopes: ['a/.default', 'b/.default'], credential: identity } } }],
    ['of the module', { credential: identity, resources: { api: { scopes: ['a/.default', 'b/.default'] } } }],
  ])('refuses two scopes for a managed identity %s', (_, options) => {
    expect(errorOf(options).message).toBe(
      'Invalid option "resources.api.scopes": 2 scopes for a managed identity. Give one scope: a managed identity ' +
        'takes one per request. Give each other one a resource of its own.',
    );
  });

  it('takes two scopes for every other credential', () => {
    const resources = { api: { scopes: ['a/.default', 'b/.default'], credential } };
    expect(resolveAnything({ credential: identity, resources }).resources.get('api')?.scopes).toHaveLength(2);
    const secret = { kind: 'client-secret', tenantId, clientId: tenantId, clientSecret: 'hush-hush' };
    const ofSecret = { api: { scopes: ['a/.default', 'b/.default'], credential: secret } };
    expect(resolveAnything({ resources: ofSecret }).resources.get('api')?.scopes).toHaveLength(2);
    const ownOfKind = { ...credential, kind: 'managed-identity' };
    const ofOwn = { api: { scopes: ['a/.default', 'b/.default'], credential: ownOfKind } };
    expect(resolveAnything({ resources: ofOwn }).resources.get('api')?.scopes).toHaveLength(2);
  });

  it.each<[string, unknown]>([
    ['options', undefined],
    ['options', null],
    ['options', []],
    ['clock', { credential, clock: null }],
    ['clock', { credential, clock: Date }],
    ['clock', { credential, clock: { now: Date.now, setTimeout, clearTimeout } }],
    ['credentials', { credentials: credential }],
    ['credential', { credential: null }],
    ['credential', { credential: {} }],
    ['credential', { credential: 'managed-identity' }],
    ['cloud', { credential, cloud: 'germany' }],
    ['startup', { credential, startup: true }],
    ['startupTimeoutInMs', { credential, startupTimeoutInMs: 0 }],
    ['startupTimeoutInMs', { credential, startupTimeoutInMs: '30s' }],
    ['refresh', { credential, refresh: 3300 }],
    ['refresh.shareOfLife', { credential, refresh: { shareOfLife: 1 } }],
    ['refresh.jitter', { credential, refresh: { jitter: -1 } }],
    ['refresh.background', { credential, refresh: { background: 'yes' } }],
    ['refresh.attemptTimeoutInMs', { credential, refresh: { attemptTimeoutInMs: NaN } }],
    ['refresh.backoff.maxDelayInMs', { credential, refresh: { backoff: { maxDelayInMs: Infinity } } }],
    ['refresh.backoff.shareOfLifeLeft', { credential, refresh: { backoff: { shareOfLifeLeft: 1 } } }],
    ['refresh.interval', { credential, refresh: { interval: 3300 } }],
    ['resources', { credential, resources: null }],
    ['resources', { credential, resources: ['graph'] }],
    ['resources.graph', { credential, resources: { graph: 'https://graph.microsoft.com/.default' } }],
    ['resources.graph.scope', { credential, resources: { graph: { scope: 'x' } } }],
    ['resources.api.scopes', { credential, resources: { api: {} } }],
    ['resources.api.scopes', { credential, resources: { api: { scopes: [] } } }],
    ['resources.api.scopes', { credential, resources: { api: { scopes: '' } } }],
    ['resources.api.scopes', { credential, resources: { api: { scopes: 'a b' } } }],
    ['resources.api.scopes', { credential, resources: { api: { scopes: [1] } } }],
    ['resources.graph.tenantId', { credential, resources: { graph: { tenantId: 'a/b' } } }],
    ['resources.graph.enableCae', { credential, resources: { graph: { enableCae: 1 } } }],
    ['resources.graph.credential', { credential, resources: { graph: { credential: {} } } }],
    ['resources.graph.refresh.jitter', { credential, resources: { graph: { refresh: { jitter: 2 } } } }],
    ['dataSource', { credential, dataSource: 'postgres://db.example' }],
    ['dataSource', { credential, dataSource: {} }],
    ['dataSource.resource', { credential, dataSource: { ...dataSource, resource: 'pg' } }],
    [
      'dataSource.reports.resource',
      { credential, dataSource: { reports: { ...dataSource, resource: 'pg' } } },
    ],
  ])('refuses a wrong "%s" by its name, with the fix (%#)', (option, options) => {
    const error = errorOf(options);
    expect(error).toMatchObject({ code: 'ENTRA_OPTIONS_INVALID', option, retryable: false });
    expect(error.message).toContain(`"${option}"`);
    expect(error.fix).toMatch(/^[A-Z].+\.$/);
  });

  it('suggests the option that was meant', () => {
    expect(errorOf({ credential, resources: { graph: { scope: 'x' } } }).fix).toContain(
      'Did you mean "scopes"?',
    );
    expect(errorOf({ credential, datasource: {} }).fix).toContain('Did you mean "dataSource"?');
  });

  it.each<[string, string, object]>([
    ['an empty array', 'an empty array', { resources: { api: { scopes: [] } } }],
    ['a URL of blanks', 'nothing but white space', { dataSource: { type: 'postgres', url: ' ' } }],
    ['another database', '"oracle"', { dataSource: { ...dataSource, type: 'oracle' } }],
  ])('tells of %s that %s', (_, given, options) => {
    expect(errorOf({ credential, ...options }).message).toContain(given);
  });
});
