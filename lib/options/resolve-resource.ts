import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { booleanCheck, checkOptions, type OptionTable } from '../common/option-table.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { isCredentialConfiguration } from '../credential/resolve-credential.js';
import type { ResolvedResource } from '../engine/engine-settings.js';
import type { RefreshPolicy } from '../engine/refresh-policy.js';
import type { EntraCloud } from '../entra/clouds.js';
import { tenantOption } from '../entra/tenant.js';
import { isTokenCredential } from '../entra/token-credential.js';
import { scopesOption } from '../entra/scopes-option.js';
import { expectationsOf } from '../entra/well-known-resources.js';
import { checkCredential } from './credential-providers.js';
import type { CredentialOption, ResourceOptions } from './entra-auth-module.options.js';
import { resolveRefreshOptions } from './resolve-refresh-options.js';

/** What the module's own options contribute to each resource. */
export interface ResourceContext {
  cloud: EntraCloud;
  policy: RefreshPolicy;
  /** The module's own, of resources that have none. */
  credential: CredentialOption | undefined;
  provider: (credential: CredentialOption | undefined) => CredentialProvider;
}

const resourceTable = (name: string, { cloud, policy }: ResourceContext) =>
  ({
    scopes: (path, value) => scopesOption(path, value, name, cloud),
    tenantId: (path, value) => (value === undefined ? undefined : tenantOption(path, value)),
    enableCae: booleanCheck(false),
    credential: checkCredential,
    refresh: resolveRefreshOptions(policy),
  }) satisfies OptionTable<ResourceOptions>;

/** Resolves one entry of `resources`. */
export function resolveResource(name: string, options: unknown, context: ResourceContext): ResolvedResource {
  const path = `resources.${name}`;
  const fix = 'Give an object such as { scopes: "https://graph.microsoft.com/.default" }.';
  const { scopes, tenantId, enableCae, credential, refresh } = checkOptions(
    path,
    options,
    resourceTable(name, context),
    fix,
  );
  checkScopesOfIdentity(path, scopes, credential ?? context.credential);
  return {
    name,
    scopes,
    tenantId,
    enableCae,
    credential: context.provider(credential),
    policy: refresh,
    expectations: expectationsOf(scopes, tenantId, context.cloud),
  };
}

/** Checks an object of resources by name; each of them is resolved on its own. */
export function resourcesByName(path: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new EntraOptionsError(path, kindOf(value), 'Give an object of resources by name.');
}

/** @throws {EntraOptionsError} when a managed identity would be asked for more than one scope */
function checkScopesOfIdentity(
  path: string,
  scopes: readonly string[],
  credential: CredentialOption | undefined,
): void {
  if (scopes.length === 1 || !isCredentialConfiguration(credential) || isTokenCredential(credential)) return;
  if (credential.kind !== 'managed-identity') return;
  const fix =
    'Give one scope: a managed identity takes one per request. Give each other one a resource of its own.';
  throw new EntraOptionsError(`${path}.scopes`, `${scopes.length} scopes for a managed identity`, fix);
}
