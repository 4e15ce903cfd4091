import { EntraOptionsError } from '../common/entra-auth.error.js';
import { booleanOption, clockOption } from '../common/option-checks.js';
import {
  checkOptions,
  choiceCheck,
  numberCheck,
  type OptionCheck,
  type OptionTable,
} from '../common/option-table.js';
import type { EngineSettings, ResolvedResource, StartupMode } from '../engine/engine-settings.js';
import { isCredentialConfiguration } from '../credential/resolve-credential.js';
import { clouds } from '../entra/clouds.js';
import { isTokenCredential } from '../entra/token-credential.js';
import { wellKnownScope } from '../entra/well-known-resources.js';
import type { ResolvedDatabase } from '../database/resolved-database.js';
import { federatedCredentialScope } from '../users/client-proof.js';
import { resolveUserOptions, type UserTokenSettings } from '../users/resolve-user-options.js';
import { checkCredential, credentialProviders } from './credential-providers.js';
import { resolveDataSources } from './databases.js';
import type { EntraAuthModuleOptions, OnDemandOptions } from './entra-auth-module.options.js';
import { defaultRefreshPolicy, resolveRefreshOptions } from './resolve-refresh-options.js';
import { resolveResource, type ResourceContext, resourcesByName } from './resolve-resource.js';

/** The module's options after defaults and checks: the only form that the rest of the package sees. */
export interface ResolvedOptions extends EngineSettings {
  dataSources: ReadonlyMap<string, ResolvedDatabase>;
  /** `undefined`: if the package is installed. */
  telemetry: boolean | undefined;
  /** `undefined`: no tokens of users. */
  users: UserTokenSettings | undefined;
}

/** Name of the resource that holds the identity of `clientAssertion: 'managed-identity'`. */
export const identityResource = 'users-client-assertion';

const onDemandTable = {
  maxTokens: numberCheck(10_000, { min: 1, max: 1_000_000, unit: 'a number of tokens' }),
} satisfies OptionTable<OnDemandOptions>;

const onDemandCheck: OptionCheck<Required<OnDemandOptions>> = (path, value = {}) =>
  checkOptions(path, value, onDemandTable, 'Give an object such as { maxTokens: 50_000 }.');

const optionsTable = {
  cloud: choiceCheck('public', clouds),
  clock: (_, value) => clockOption(value),
  credential: checkCredential,
  refresh: resolveRefreshOptions(defaultRefreshPolicy),
  dataSource: (_, value) => resolveDataSources(value),
  resources: resourcesByName,
  onDemand: onDemandCheck,
  // Checked below: it needs the cloud, the clock and the policy.
  users: (_, value) => value,
  telemetry: (path, value) => (value === undefined ? undefined : booleanOption(path, value, false)),
  startup: choiceCheck<StartupMode>('wait', ['wait', 'background', 'lazy']),
  startupTimeoutInMs: numberCheck(30_000, { min: 1, max: 3_600_000, unit: 'milliseconds' }),
} satisfies OptionTable<EntraAuthModuleOptions>;

/**
 * Turns the user's options into the resolved ones: the single place of defaults and checks, for `forRoot`,
 * `forRootAsync` and use without Nest alike.
 *
 * @throws {EntraOptionsError} for the first option that is wrong or missing
 */
export function resolveOptions(options: EntraAuthModuleOptions): ResolvedOptions {
  const fix = 'Give the options of the module as an object.';
  const {
    credential,
    refresh: policy,
    dataSource: dataSources,
    resources,
    onDemand,
    users: givenUsers,
    ...plain
  } = checkOptions('options', options, optionsTable, fix);
  const provider = credentialProviders(credential, plain.cloud, plain.clock);
  const context = { cloud: plain.cloud, policy, credential, provider };
  const users =
    givenUsers === undefined ? undefined : resolveUserOptions('users', givenUsers, { ...plain, policy });
  const identity = users?.authentication === 'managed-identity' ? [identityOf(context)] : [];
  return {
    ...plain,
    users,
    credential: provider(undefined),
    policy,
    resources: new Map([
      ...resolveResources(resources, dataSources, context),
      ...identity.map((resource) => [resource.name, resource] as const),
    ]),
    dataSources,
    maxOnDemandTokens: onDemand.maxTokens,
  };
}

/** The resources that are configured, and the well-known ones that a data source names. */
function resolveResources(
  configured: Record<string, unknown>,
  dataSources: ReadonlyMap<string, ResolvedDatabase>,
  context: ResourceContext,
): ReadonlyMap<string, ResolvedResource> {
  const resources = new Map(
    Object.entries(configured).map(([name, resource]) => [name, resolveResource(name, resource, context)]),
  );
  for (const { name, resource, type } of dataSources.values()) {
    if (resources.has(resource)) continue;
    if (wellKnownScope(resource, context.cloud) === undefined) {
      const option = name === 'default' ? 'dataSource.resource' : `dataSource.${name}.resource`;
      const fix = `Add "${resource}" to "resources", or leave the option out for "${type}".`;
      throw new EntraOptionsError(option, `the resource "${resource}" is not configured`, fix);
    }
    resources.set(resource, resolveResource(resource, {}, context));
  }
  return resources;
}

/** The token by which the application proves itself: it is kept fresh like any other. */
function identityOf(context: ResourceContext): ResolvedResource {
  const { cloud, credential } = context;
  const isIdentity =
    isCredentialConfiguration(credential) &&
    !isTokenCredential(credential) &&
    credential.kind === 'managed-identity';
  return resolveResource(
    identityResource,
    {
      scopes: federatedCredentialScope[cloud],
      credential: isIdentity ? credential : { kind: 'managed-identity' },
    },
    context,
  );
}
