import { withDeadline } from '../common/deadline.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import type { EngineSettings } from '../engine/engine-settings.js';
import type { TokenEngine } from '../engine/token-engine.js';
import { type AccessTokenClaims, readClaims } from '../entra/json-web-token.js';
import { wellKnownScope } from '../entra/well-known-resources.js';
import { RoleNameUnknownError } from './database.error.js';
import type { RoleNames } from './database-kind.js';
import type { ResolvedDatabase } from './resolved-database.js';
import { roleNameFromToken } from './role-name.js';

/**
 * Finds the role of a data source that has no `username`: in the database's token; else in a token for Azure Resource
 * Manager, where the name of a managed identity is more often found; else the data source's fallback; else the
 * application id.
 *
 * @throws {RoleNameUnknownError} when none of them has a name that the server would take
 */
export async function resolveRoleName(
  { name, resource, roleNameFromToken: fromToken = roleNameFromToken, fallbackUsername }: ResolvedDatabase,
  roleNames: RoleNames,
  tokens: TokenEngine,
  options: EngineSettings,
): Promise<string> {
  const claims = readClaims((await tokens.getToken(resource)).token) ?? {};
  const oid = typeof claims.oid === 'string' ? claims.oid : undefined;
  const nameIn = (found: AccessTokenClaims): string | undefined => {
    const [role, problem] = roleNamedBy(fromToken, found);
    if (problem !== undefined)
      throw new RoleNameUnknownError(name, resource, problem, oid, roleNames.listing);
    return role;
  };
  const role =
    nameIn(claims) ??
    nameIn(await managementClaims(resource, options)) ??
    fallbackUsername ??
    (typeof claims.appid === 'string' ? claims.appid : undefined);
  if (role === undefined)
    throw new RoleNameUnknownError(
      name,
      resource,
      'the access token carries no name',
      oid,
      roleNames.listing,
    );
  if (!roleNames.fit(role)) {
    const problem = `the access token names "${role.slice(0, 100)}", which is not a valid role name (${roleNames.limit} at most)`;
    throw new RoleNameUnknownError(name, resource, problem, oid, roleNames.listing);
  }
  return role;
}

/** Calls the option, which may be any function: returns the role, or the problem with what came back. */
export function roleNamedBy(
  fromToken: (claims: AccessTokenClaims) => unknown,
  claims: AccessTokenClaims,
): [role: string | undefined, problem?: string] {
  let role: unknown;
  try {
    role = fromToken(claims);
  } catch (error) {
    return [
      undefined,
      `"roleNameFromToken" threw a ${asError(error).name}; a claim may be missing in the token`,
    ];
  }
  if (typeof role === 'string') return [role];
  if (role === undefined || role === null) return [undefined];
  // A rejection of it would end the process.
  if (role instanceof Promise) role.catch(() => undefined);
  const kind = role instanceof Promise ? 'a promise' : `a ${typeof role}`;
  return [undefined, `"roleNameFromToken" returned ${kind} instead of a string`];
}

async function managementClaims(resource: string, options: EngineSettings): Promise<AccessTokenClaims> {
  const { resources, cloud, clock } = options;
  const wanted = resources.get(resource);
  const scope = wellKnownScope('management', cloud);
  if (wanted === undefined || scope === undefined) return {};
  const { credential, tenantId, policy } = wanted;
  try {
    const asked = credential
      .get()
      .then((instance) => instance.getToken(scope, tenantId === undefined ? {} : { tenantId }));
    const timeoutInMs = policy.attemptTimeoutInMs;
    const onTimeout = (): Error =>
      new EntraTimeoutError('The token for Azure Resource Manager', timeoutInMs, 'It is not needed.');
    const token = await withDeadline(asked, { timeoutInMs, clock, onTimeout });
    return readClaims(token?.token ?? '') ?? {};
  } catch {
    // An identity without access to Azure Resource Manager gets no such token; the other sources of the name remain.
    return {};
  }
}
