import { CredentialProvider } from '../credential/credential-provider.js';
import { createDefaultCredential } from '../credential/default-credential.js';
import { isTokenCredential } from '../credential/token-credential.js';
import { resolveDataSources } from '../datasource/resolve-data-source.js';
import { EntraOptionsError } from '../errors/options.error.js';
import { systemClock } from '../refresh/clock.js';
import type { CredentialOption, EntraAuthModuleOptions } from './entra-auth-module.options.js';
import { checkObject, choiceOption, kindOf, numberOption } from './option-checks.js';
import { defaultRefreshPolicy, resolveRefreshOptions } from './resolve-refresh-options.js';
import { resolveResource } from './resolve-resource.js';
import type { ResolvedOptions, ResolvedResource } from './resolved-options.js';
import { wellKnownScope } from './well-known-resources.js';

const known = [
  'credential',
  'cloud',
  'resources',
  'refresh',
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
  const provider = credentialProviders(options.credential);
  const cloud = choiceOption('cloud', options.cloud, 'public', ['public', 'usgov', 'china']);
  const policy = resolveRefreshOptions('refresh', options.refresh, defaultRefreshPolicy);
  const dataSources = resolveDataSources(options.dataSource);
  const resources = new Map<string, ResolvedResource>();
  const configured = options.resources === undefined ? {} : options.resources;
  if (typeof configured !== 'object' || configured === null || Array.isArray(configured)) {
    throw new EntraOptionsError('resources', kindOf(configured), 'Give an object of resources by name.');
  }
  for (const [name, resource] of Object.entries(configured)) {
    resources.set(name, resolveResource(name, resource, { cloud, policy, provider }));
  }
  for (const { name, resource } of dataSources.values()) {
    if (resources.has(resource)) continue;
    if (wellKnownScope(resource, cloud) === undefined) {
      const option = name === 'default' ? 'dataSource.resource' : `dataSource.${name}.resource`;
      const fix = `Add "${resource}" to "resources", or leave the option out for "postgres".`;
      throw new EntraOptionsError(option, `there is no resource "${resource}"`, fix);
    }
    resources.set(resource, resolveResource(resource, {}, { cloud, policy, provider }));
  }
  return {
    credential: provider('credential', undefined),
    cloud,
    resources,
    policy,
    startup: choiceOption('startup', options.startup, 'wait', ['wait', 'background', 'lazy']),
    startupTimeoutInMs: numberOption('startupTimeoutInMs', options.startupTimeoutInMs, 30_000, {
      min: 1,
      max: 3_600_000,
      unit: 'milliseconds',
    }),
    dataSources,
    clock: options.clock ?? systemClock,
  };
}

/** Wraps each distinct credential once, so that resources that share a credential share its instance. */
function credentialProviders(
  moduleCredential: CredentialOption | undefined,
): (path: string, credential: CredentialOption | undefined) => CredentialProvider {
  const providers = new Map<CredentialOption, CredentialProvider>();
  const provider = (path: string, credential: CredentialOption): CredentialProvider => {
    if (typeof credential !== 'function' && !isTokenCredential(credential)) {
      const fix = 'Give an object with a getToken() method, or a function that returns one.';
      throw new EntraOptionsError(path, kindOf(credential), fix);
    }
    const existing = providers.get(credential);
    if (existing !== undefined) return existing;
    const created = new CredentialProvider(credential);
    providers.set(credential, created);
    return created;
  };
  const fallback = provider(
    'credential',
    moduleCredential === undefined ? createDefaultCredential : moduleCredential,
  );
  return (path, credential) => (credential === undefined ? fallback : provider(path, credential));
}
