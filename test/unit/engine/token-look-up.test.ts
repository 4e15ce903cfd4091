import { afterEach, describe, expect, it } from '@jest/globals';
import type { GetTokenOptions } from 'nestjs-entra-auth';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import { UnknownResourceError } from '../../../lib/engine/unknown-resource.error.js';
import { createEngine } from '../../support/engine.js';
import { FakeCredential } from '../../support/fake-credential.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import { jwt } from '../../support/tokens.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const graphScope = 'https://graph.microsoft.com/.default';
const vaultScope = 'https://vault.azure.net/.default';
const own = '11111111-aaaa-4bbb-8ccc-222222222222';
const foreign = '33333333-aaaa-4bbb-8ccc-444444444444';

/** An engine whose credential answers with JWTs of a tenant. */
function createTenantEngine(options: Parameters<typeof createEngine>[0] = {}, tid = own) {
  const engine = createEngine(options);
  const { credential, clock } = engine;
  const answer = (): ReturnType<FakeCredential['issue']> => {
    const expiresOnTimestamp = clock.now() + hour;
    const asked = credential.calls.at(-1)?.options.tenantId;
    const claims = { tid: asked ?? tid, exp: expiresOnTimestamp / 1_000, n: credential.calls.length };
    return { token: jwt(claims), expiresOnTimestamp };
  };
  credential.answer(answer);
  return { ...engine, answer };
}

describe('a look-up without a promise', () => {
  it('returns the held token, and replaces one that is due in the background', async () => {
    const { engine, clock, credential } = createEngine({ refresh: { background: false } });
    expect(engine.heldToken('graph')).toBeUndefined();
    await engine.getToken('graph');
    await clock.advance(20 * minute);
    expect(engine.heldToken('graph')?.token).toBe('token-1');
    expect(credential.calls).toHaveLength(1);
    await clock.advance(20 * minute);
    expect(engine.heldToken('graph')?.token).toBe('token-1');
    await clock.advance(0);
    expect(credential.calls).toHaveLength(2);
    expect(engine.heldToken('graph')?.token).toBe('token-2');
  });
});

describe('options for what a caller can handle', () => {
  const capabilities: [string, GetTokenOptions][] = [
    ['enableCae: true', { enableCae: true }],
    ['enableCae: false', { enableCae: false }],
    ['the tenant of the held token', { tenantId: own }],
    ['the same in capitals', { tenantId: own.toUpperCase() }],
    ['both', { enableCae: true, tenantId: own }],
  ];

  it.each(capabilities)('ask for no second token: %s', async (_, options) => {
    const { service, credential } = createTenantEngine({
      resources: { graph: {}, keyvault: { enableCae: true } },
    });
    await service.onModuleInit();
    credential.fail();
    for (const resource of ['graph', graphScope, [graphScope], 'keyvault', [vaultScope]]) {
      const answer = service.getToken(resource, options);
      expect(await settlesAtOnce(answer)).toBe(true);
      await answer;
    }
    expect(credential.calls).toHaveLength(2);
    expect(service.state()).toHaveLength(2);
  });

  it.each(capabilities)('share the token of scopes that no resource names: %s', async (_, options) => {
    const { service, credential } = createTenantEngine({ resources: {} });
    const plain = await service.getToken([vaultScope]);
    expect((await service.getToken([vaultScope], options)).token).toBe(plain.token);
    expect(credential.calls).toHaveLength(1);
    expect(credential.calls[0]?.options.enableCae).toBeUndefined();
  });

  it('know the tenant of the credential from the token of another resource', async () => {
    const { service, credential } = createTenantEngine();
    await service.getToken('graph');
    await service.getToken([vaultScope], { tenantId: own });
    await service.getToken([vaultScope]);
    expect(credential.calls).toHaveLength(2);
    expect(credential.calls[1]?.options.tenantId).toBeUndefined();
  });

  it('do not take the tenant of a token that was asked for by tenant for the credential’s own', async () => {
    const { service, credential } = createTenantEngine({ resources: {} });
    await service.getToken([graphScope], { tenantId: foreign });
    await service.getToken([vaultScope], { tenantId: foreign });
    expect(credential.calls.map(({ options }) => options.tenantId)).toEqual([foreign, foreign]);
  });

  it('select the resource that is configured for them, when there is one', async () => {
    const resources = {
      plain: { scopes: graphScope },
      cae: { scopes: graphScope, enableCae: true },
      abroad: { scopes: graphScope, tenantId: foreign },
    };
    const { service, credential } = createTenantEngine({ resources });
    await service.onModuleInit();
    const held = async (name: string, options?: GetTokenOptions) =>
      (await service.getToken(name, options)).token;
    expect(await held(graphScope, { enableCae: true })).toBe(await held('cae'));
    expect(await held(graphScope, { enableCae: false })).toBe(await held('plain'));
    expect(await held(graphScope)).toBe(await held('plain'));
    expect(await held(graphScope, { tenantId: foreign })).toBe(await held('abroad'));
    expect(await held('plain', { tenantId: own })).toBe(await held('plain'));
    expect(credential.calls).toHaveLength(3);
  });

  it.each([
    [['abroad', 'plain'], 'abroad'],
    [['plain', 'abroad'], 'plain'],
  ])('select the first of %j when both hold a token of that tenant', async (order, first) => {
    const tenants: Record<string, object> = { abroad: { tenantId: own }, plain: {} };
    const resources = Object.fromEntries(
      order.map((name) => [name, { scopes: graphScope, ...tenants[name] }]),
    );
    const { service, credential } = createTenantEngine({ resources });
    await service.onModuleInit();
    const { token } = await service.getToken(graphScope, { tenantId: own });
    expect(token).toBe((await service.getToken(first)).token);
    expect(credential.calls).toHaveLength(2);
  });

  it('ask for another token in another tenant, once for every way to write it', async () => {
    const { service, credential } = createTenantEngine();
    const plain = await service.getToken('graph');
    const other = await service.getToken('graph', { tenantId: foreign });
    expect(other.token).not.toBe(plain.token);
    const again = await service.getToken([graphScope], { tenantId: foreign.toUpperCase(), enableCae: true });
    expect(again.token).toBe(other.token);
    expect(credential.calls).toHaveLength(2);
    // The credential's own tenant is another one for a resource of a foreign tenant.
    const abroad = createTenantEngine({ resources: { graph: { tenantId: foreign } } });
    await abroad.service.getToken('graph');
    await abroad.service.getToken('graph', { tenantId: own });
    expect(abroad.credential.calls.map(({ options }) => options.tenantId)).toEqual([foreign, own]);
  });

  it('know the tenant of a resource by the name that is configured', async () => {
    const { service, credential } = createEngine({ resources: { graph: { tenantId: 'contoso.example' } } });
    await service.getToken('graph');
    await service.getToken('graph', { tenantId: 'Contoso.example' });
    await service.getToken([graphScope], { tenantId: 'contoso.example' });
    expect(credential.calls).toHaveLength(1);
  });

  it('leave a claims challenge to the challenged callers', async () => {
    const { service, credential } = createTenantEngine();
    const held = await service.getToken('graph');
    const challenged = { claims: '{"access_token":{"nbf":{"essential":true}}}', enableCae: true };
    const answer = await service.getToken([graphScope], { ...challenged, tenantId: own });
    expect(answer.token).not.toBe(held.token);
    expect(credential.calls[1]?.options.claims).toBe(challenged.claims);
  });
});

describe('resources that share scopes', () => {
  it('have a token each when their credentials differ', async () => {
    const now = (): number => Date.UTC(2026, 0, 1);
    const [a, b] = [new FakeCredential(now), new FakeCredential(now)];
    const resources = {
      a: { scopes: graphScope, credential: a },
      b: { scopes: graphScope, credential: b },
      alsoA: { scopes: graphScope, credential: a },
    };
    const { service, credential } = createEngine({ resources });
    for (const name of ['a', 'b', 'alsoA', graphScope]) await service.getToken(name);
    expect([a.calls.length, b.calls.length, credential.calls.length]).toEqual([1, 1, 0]);
    expect(service.state().map(({ resource }) => resource)).toEqual(['a', 'b', 'alsoA']);
  });

  it('have a token each when their refreshing differs', async () => {
    const resources = { a: { scopes: graphScope }, b: { scopes: graphScope, refresh: { shareOfLife: 0.9 } } };
    const { service, credential } = createEngine({ resources });
    await service.onModuleInit();
    expect(credential.calls).toHaveLength(2);
  });
});

describe('what cannot be asked for', () => {
  it.each<[string, unknown]>([
    ['an empty list', []],
    ['an empty scope', ['']],
    ['a number among the scopes', [graphScope, 7]],
    ['a list with a hole', Object.assign([graphScope], { 2: vaultScope })],
    ['an object in a list', [{ toString: () => graphScope }]],
  ])('is refused as an unknown resource: %s', async (_, given) => {
    const { service, credential } = createEngine();
    await expect(service.getToken(given as string[])).rejects.toThrow(UnknownResourceError);
    expect(credential.calls).toHaveLength(0);
    expect(service.state()).toHaveLength(1);
  });

  it.each<[unknown, string]>([
    [[], 'Unknown resource "an empty array" (configured: "graph").'],
    [[7], 'Unknown resource "an array" (configured: "graph").'],
    [7, 'Unknown resource "number" (configured: "graph").'],
    ['nope', 'Unknown resource "nope" (configured: "graph").'],
  ])('is named by its kind: %j', async (given, message) => {
    await expect(createEngine().service.getToken(given as string)).rejects.toThrow(message);
  });

  it('does not make an error as long as what was given, or as the list of all resources', async () => {
    const names = Array.from({ length: 10_000 }, (_, n) => [`name-${n}`, { scopes: graphScope }] as const);
    const { service } = createEngine({ resources: Object.fromEntries(names) });
    const error = await service.getToken('x'.repeat(1_000_000)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnknownResourceError);
    expect((error as Error).message.length).toBeLessThan(1_000);
    expect((error as UnknownResourceError).resource.length).toBeLessThan(300);
  });

  it.each<[string, unknown, GetTokenOptions | undefined]>([
    ['scopes', `https://${'x'.repeat(1_000_000)}`, undefined],
    ['scopes', ['https://a.example/.default', `https://${'x'.repeat(2_048)}`], undefined],
    ['scopes', Array.from({ length: 101 }, (_, n) => `https://a.example/${n}`), undefined],
    ['scopes', ['https://a.example/x https://a.example/y'], undefined],
    ['scopes', ['https://a.example/x\n'], undefined],
    ['scopes', 'https://a.example/x\thttps://a.example/y', undefined],
    ['scopes', ['https://ä.example/.default'], undefined],
    ['tenantId', 'graph', { tenantId: '' }],
    ['tenantId', 'graph', { tenantId: 'a/../b' }],
    ['tenantId', 'graph', { tenantId: 'x'.repeat(254) }],
    ['tenantId', 'graph', { tenantId: 7 as unknown as string }],
    ['claims', 'graph', { claims: { nbf: 1 } as unknown as string }],
    ['claims', 'graph', { claims: 'x'.repeat(65_537) }],
    ['options', 'graph', 'claims' as unknown as GetTokenOptions],
  ])('is refused by its name: %s', async (option, scopes, options) => {
    const { service, credential } = createEngine();
    const error = await service.getToken(scopes as string, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EntraOptionsError);
    expect(error).toMatchObject({ option });
    expect((error as Error).message.length).toBeLessThan(300);
    expect(credential.calls).toHaveLength(0);
  });

  it.each([{ tenantId: null, enableCae: null, claims: null }, { claims: '' }, { tenantId: undefined }, null])(
    'is not meant by what is empty: %j',
    async (options) => {
      const { service, credential } = createEngine();
      await service.getToken('graph');
      await service.getToken('graph', options as GetTokenOptions);
      expect(credential.calls).toHaveLength(1);
    },
  );

  it('spoils nothing for those who give each scope by itself', async () => {
    const { service, credential } = createEngine();
    const scopes = ['https://a.example/x', 'https://a.example/y'];
    await service.getToken([scopes.join(' ')]).catch(() => undefined);
    await service.getToken(scopes);
    await service.getToken(scopes.join(' '));
    expect(credential.calls.map((call) => call.scopes)).toEqual([scopes]);
  });

  it('is what is large, but not too large', async () => {
    const { service } = createEngine();
    const scope = `https://${'x'.repeat(2_040)}`;
    await service.getToken([scope]);
    await service.getToken('graph', { tenantId: 'x'.repeat(253) });
    await service.getToken('graph', { claims: 'x'.repeat(65_536) });
    await service.getToken(Array.from({ length: 100 }, (_, n) => `https://a.example/${n}`));
  });
});

describe('properties of Object.prototype', () => {
  const polluted = { tenantId: foreign, claims: '{"access_token":{}}', enableCae: true };
  const prototype = Object.prototype as Record<string, unknown>;

  afterEach(() => {
    for (const key of Object.keys(polluted)) delete prototype[key];
  });

  it('are not what a caller asks for, and not what a credential is asked for', async () => {
    const { service, credential } = createEngine();
    Object.assign(prototype, polluted);
    await service.getToken('graph', {});
    await service.getToken([graphScope], { abortSignal: new AbortController().signal });
    await service.getToken([vaultScope], {});
    expect(credential.calls).toHaveLength(2);
    for (const { options } of credential.calls) {
      expect([options.tenantId, options.claims, options.enableCae]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  it('do not hide what the options inherit from a class', async () => {
    const { service, credential } = createEngine();
    class Options {
      get tenantId(): string {
        return foreign;
      }
    }
    await service.getToken('graph', new Options());
    expect(credential.calls[0]?.options.tenantId).toBe(foreign);
  });
});

describe('a request for scopes that several resources have', () => {
  it('without a tenant goes to the one without, wherever it stands', async () => {
    const scopes = 'https://api.example/.default';
    const { service, credential } = createTenantEngine({
      resources: { theirs: { scopes, tenantId: foreign }, ours: { scopes } },
    });
    await service.getToken([scopes]);
    expect(credential.calls.map(({ options }) => options.tenantId)).toEqual([undefined]);
    expect(service.state().map(({ refreshes }) => refreshes)).toEqual([0, 1]);
  });

  it('goes to the one with a tenant where it is the only one', async () => {
    const scopes = 'https://api.example/.default';
    const { service } = createTenantEngine({ resources: { theirs: { scopes, tenantId: foreign } } });
    await service.getToken([scopes]);
    expect(service.state().map(({ resource, refreshes }) => [resource, refreshes])).toEqual([['theirs', 1]]);
  });
});
