import type { CredentialProvider } from '../credential/credential-provider.js';
import { isTokenCredential } from '../entra/token-credential.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { RefreshPolicy } from '../engine/refresh-policy.js';
import { expectationsOf } from '../entra/token-expectations.js';
import type { CredentialOption, ResourceOptions } from './entra-auth-module.options.js';
import type { EntraCloud } from '../entra/clouds.js';
import { booleanOption, checkObject, kindOf } from '../common/option-checks.js';
import { isCredentialConfiguration } from '../credential/resolve-credential.js';
import { resolveRefreshOptions } from './resolve-refresh-options.js';
import type { ResolvedResource } from '../engine/engine-settings.js';
import { tenantOption } from '../entra/text-checks.js';
import { wellKnownResourceNames, wellKnownScope } from '../entra/well-known-resources.js';

/** What the module's own options contribute to each resource. */
export interface ResourceContext {
  cloud: EntraCloud;
  policy: RefreshPolicy;
  /** The module's own, of resources that have none. */
  credential: CredentialOption | undefined;
  provider: (path: string, credential: CredentialOption | undefined) => CredentialProvider;
}

const known = ['scopes', 'tenantId', 'enableCae', 'credential', 'refresh'];

/** Resolves one entry of `resources`. */
export function resolveResource(
  name: string,
  options: ResourceOptions,
  context: ResourceContext,
): ResolvedResource {
  const path = `resources.${name}`;
  checkObject(
    path,
    options,
    known,
    'Give an object such as { scopes: "https://graph.microsoft.com/.default" }.',
  );
  const scopes = resolveScopes(name, options.scopes, context.cloud);
  checkScopesOfIdentity(path, scopes, options.credential ?? context.credential);
  const tenantId =
    options.tenantId === undefined ? undefined : tenantOption(`${path}.tenantId`, options.tenantId);
  return {
    name,
    scopes,
    tenantId,
    enableCae: booleanOption(`${path}.enableCae`, options.enableCae, false),
    credential: context.provider(`${path}.credential`, options.credential),
    policy: resolveRefreshOptions(`${path}.refresh`, options.refresh, context.policy),
    expectations: expectationsOf(scopes, tenantId, context.cloud),
  };
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

function resolveScopes(
  name: string,
  scopes: ResourceOptions['scopes'],
  cloud: EntraCloud,
): readonly string[] {
  const path = `resources.${name}.scopes`;
  if (scopes === undefined) {
    const scope = wellKnownScope(name, cloud);
    if (scope !== undefined) return [scope];
    const fix = `Give scopes such as "https://graph.microsoft.com/.default", or use a name that is known: ${wellKnownResourceNames.join(', ')}.`;
    throw new EntraOptionsError(path, 'missing', fix);
  }
  const list: readonly unknown[] =
    typeof scopes === 'string' ? [scopes] : Array.isArray(scopes) ? scopes : [];
  if (list.length === 0) {
    throw new EntraOptionsError(path, kindOf(scopes), 'Give one scope or an array of scopes.');
  }
  const wrong = list.findIndex((scope) => typeof scope !== 'string' || !/^[^\s]+$/.test(scope));
  if (wrong >= 0) {
    const given =
      typeof list[wrong] === 'string'
        ? 'a scope is empty or contains white space'
        : 'a scope is not a string';
    throw new EntraOptionsError(path, given, 'Give each scope as a string of its own, without white space.');
  }
  return list as readonly string[];
}
