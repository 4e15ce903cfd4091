import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { isTenantGuid, sameTenant } from '../entra/tenant.js';
import { isTenantGroup } from './challenge.js';
import type { UserEntry } from './user-entry.js';

/** Whether users of a tenant, named by its GUID, are served. */
export type TenantRule = (tenantId: string) => boolean;

const ruleFix = 'Give the GUIDs of the tenants, or a function (tenantId) => boolean.';

/**
 * Makes the rule of the tenants. A `tid` comes out of a token that is not validated here: without a rule the caller would choose
 * whom to ask.
 *
 * @throws {EntraOptionsError} for a rule that is missing or wrong, and for one where a single tenant is configured
 */
export function tenantRule(clientPath: string, tenantId: string, allowed: unknown): TenantRule {
  const path = `${clientPath}.allowedTenants`;
  if (!isTenantGroup(tenantId)) {
    const isKnown = isTenantGuid(tenantId);
    if (allowed === undefined) return (other) => !isKnown || sameTenant(other, tenantId);
    const fix = 'Leave it out, or give "organizations" as "tenantId".';
    throw new EntraOptionsError(path, `"tenantId" names one tenant`, fix);
  }
  if (typeof allowed === 'function') return ruleOf(path, allowed as (tenantId: string) => unknown);
  if (!Array.isArray(allowed) || allowed.length === 0)
    throw new EntraOptionsError(path, kindOf(allowed), ruleFix);
  const wrong = allowed.findIndex((one) => typeof one !== 'string' || !isTenantGuid(one));
  if (wrong >= 0) throw new EntraOptionsError(`${path}[${wrong}]`, 'not the GUID of a tenant', ruleFix);
  const known = new Set((allowed as string[]).map((one) => one.toLowerCase()));
  return (other) => known.has(other.toLowerCase());
}

/** Takes nothing but `true` and `false`: a promise of `false` would let everybody in. */
function ruleOf(path: string, allows: (tenantId: string) => unknown): TenantRule {
  return (tenantId) => {
    const answer = allows(tenantId.toLowerCase());
    if (typeof answer === 'boolean') return answer;
    throw new EntraOptionsError(path, `returned ${kindOf(answer)}`, 'Return true or false, at once.');
  };
}

type TokenCheck = (token: HeldAccessToken) => HeldAccessToken;

/**
 * Checks the tenant that a call names.
 *
 * @returns what checks the token, where it alone tells: a domain and a GUID may name the same tenant. `undefined` elsewhere
 * @throws {EntraOptionsError} when it is neither the user's nor the application's, as the returned function does
 */
export function checkTenant(
  { tenantId }: UserEntry,
  asked: string | undefined,
  configured: string,
): TokenCheck | undefined {
  if (asked === undefined || sameTenant(asked, tenantId) || sameTenant(asked, configured)) return undefined;
  if (tenantId !== undefined || isTenantGuid(configured) || !isTenantGuid(asked)) throw wrongTenant();
  return (token) => {
    if (token.tenantId === undefined || sameTenant(token.tenantId, asked)) return token;
    throw wrongTenant();
  };
}

function wrongTenant(): EntraOptionsError {
  const fix = 'Leave it out: the token of a user is exchanged in the tenant of the user.';
  return new EntraOptionsError('tenantId', 'not the tenant of the user', fix);
}

/** @throws {EntraOptionsError} when a sign-in is of a tenant that is not served */
export function checkSignInTenant(tenantId: string | undefined, allows: TenantRule): void {
  if (tenantId === undefined || allows(tenantId)) return;
  const fix = 'Sign the user in to an allowed tenant, or allow this one in "users.client.allowedTenants".';
  throw new EntraOptionsError(
    'response',
    `the sign-in is of the tenant ${tenantId}, which is not allowed`,
    fix,
  );
}
