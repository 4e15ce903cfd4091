import { clouds } from '../entra/clouds.js';
import { CredentialProvider } from '../credential/credential-provider.js';
import type { CredentialConfiguration } from '../credential/credential-configuration.js';
import { credentialFactory } from '../credential/create-credential.js';
import { isTokenCredential, type TokenCredentialFactory } from '../entra/token-credential.js';
import { resolveDataSources } from '../postgres/resolve-data-source.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import {
  checkObject,
  choiceOption,
  clockOption,
  isObject,
  kindOf,
  numberOption,
} from '../common/option-checks.js';
import type {
  CredentialOption,
  EntraAuthModuleOptions,
  OnDemandOptions,
} from './entra-auth-module.options.js';
import { checkCredentialConfiguration, isCredentialConfiguration } from '../credential/resolve-credential.js';
import { defaultRefreshPolicy, resolveRefreshOptions } from './resolve-refresh-options.js';
import { resolveResource } from './resolve-resource.js';
import type { ResolvedResource } from '../engine/engine-settings.js';
import type { ResolvedOptions } from './resolved-options.js';
import { wellKnownScope } from '../entra/well-known-resources.js';

const defaultMaxOnDemandTokens = 10_000;

const known = [
  'credential',
  'cloud',
  'resources',
  'refresh',
  'onDemand',
  'startup',
  'startupTimeoutInMs',
  'dataSource',
  'clock',
];

/**
 * Turns the user's options into the resolved ones: the single place of defaults and checks, for `forRoot`,
 * `forRootAsync` and use without Nest alike.
 *
 * @throws {EntraOptionsError} for the first option that is wrong or missing
 */
export function resolveOptions(options: EntraAuthModuleOptions): ResolvedOptions {
  checkObject('options', options, known, 'Give the options of the module as an object.');
  const cloud = choiceOption('cloud', options.cloud, 'public', clouds);
  const clock = clockOption(options.clock);
  const provider = credentialProviders(options.credential, (configuration) =>
    credentialFactory(configuration, cloud, clock),
  );
  const policy = resolveRefreshOptions('refresh', options.refresh, defaultRefreshPolicy);
  const dataSources = resolveDataSources(options.dataSource);
  const context = { cloud, policy, credential: options.credential, provider };
  const resources = new Map<string, ResolvedResource>();
  const configured = options.resources === undefined ? {} : options.resources;
  if (!isObject(configured)) {
    throw new EntraOptionsError('resources', kindOf(configured), 'Give an object of resources by name.');
  }
  for (const [name, resource] of Object.entries(configured)) {
    resources.set(name, resolveResource(name, resource, context));
  }
  for (const { name, resource } of dataSources.values()) {
    if (resources.has(resource)) continue;
    if (wellKnownScope(resource, cloud) === undefined) {
      const option = name === 'default' ? 'dataSource.resource' : `dataSource.${name}.resource`;
      const fix = `Add "${resource}" to "resources", or leave the option out for "postgres".`;
      throw new EntraOptionsError(option, `the resource "${resource}" is not configured`, fix);
    }
    resources.set(resource, resolveResource(resource, {}, context));
  }
  return {
    credential: provider('credential', undefined),
    cloud,
    resources,
    policy,
    maxOnDemandTokens: resolveOnDemand(options.onDemand),
    startup: choiceOption('startup', options.startup, 'wait', ['wait', 'background', 'lazy']),
    startupTimeoutInMs: numberOption('startupTimeoutInMs', options.startupTimeoutInMs, 30_000, {
      min: 1,
      max: 3_600_000,
      unit: 'milliseconds',
    }),
    dataSources,
    clock,
  };
}

function resolveOnDemand(options: OnDemandOptions | undefined): number {
  if (options === undefined) return defaultMaxOnDemandTokens;
  checkObject('onDemand', options, ['maxTokens'], 'Give an object such as { maxTokens: 50_000 }.');
  const range = { min: 1, max: 1_000_000, unit: 'a number of tokens' };
  return numberOption('onDemand.maxTokens', options.maxTokens, defaultMaxOnDemandTokens, range);
}

/** Wraps each distinct credential once, so that resources that share a credential share its instance. */
function credentialProviders(
  moduleCredential: CredentialOption | undefined,
  create: (configuration: CredentialConfiguration) => TokenCredentialFactory,
): (path: string, credential: CredentialOption | undefined) => CredentialProvider {
  const providers = new Map<unknown, CredentialProvider>();
  const provider = (path: string, credential: CredentialOption): CredentialProvider => {
    // Plain data is the same credential wherever it says the same.
    const configured = isCredentialConfiguration(credential) && !isTokenCredential(credential);
    const key = configured ? JSON.stringify(credential) : credential;
    const existing = providers.get(key);
    if (existing !== undefined) return existing;
    if (configured) checkCredentialConfiguration(path, credential);
    else if (typeof credential !== 'function' && !isTokenCredential(credential)) {
      const fix =
        'Give an object with a getToken() method, a function that returns one, or { kind: "managed-identity" }.';
      throw new EntraOptionsError(path, kindOf(credential), fix);
    }
    const created = configured
      ? new CredentialProvider(create(credential), tenantOf(credential))
      : new CredentialProvider(credential);
    providers.set(key, created);
    return created;
  };
  const fallback = provider(
    'credential',
    moduleCredential === undefined ? { kind: 'default' } : moduleCredential,
  );
  return (path, credential) => (credential === undefined ? fallback : provider(path, credential));
}

function tenantOf(configuration: CredentialConfiguration): string | undefined {
  return 'tenantId' in configuration ? configuration.tenantId : undefined;
}
