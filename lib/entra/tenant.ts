import { EntraOptionsError } from '../common/entra-auth.error.js';
import { textOption } from '../common/text-checks.js';

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const tenant = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i;

/** Whether a tenant is named by its GUID, as `tid` of a token names it. */
export function isTenantGuid(tenantId: string | undefined): tenantId is string {
  return tenantId !== undefined && guid.test(tenantId);
}

/** Whether two names are those of one tenant. GUIDs and domains ignore the case of their letters. */
export function sameTenant(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a?.length === b?.length && a?.toLowerCase() === b?.toLowerCase());
}

/** @throws {EntraOptionsError} unless the value is the GUID or a domain of a tenant */
export function tenantOption(path: string, value: unknown): string {
  const fix = "Use the tenant's GUID or a verified domain.";
  const text = textOption(path, value, fix);
  if (tenant.test(text)) return text;
  throw new EntraOptionsError(path, 'not a tenant', fix);
}

/** @throws {EntraOptionsError} unless the value is a GUID, as every client id is */
export function clientIdOption(path: string, value: unknown): string {
  const fix = 'Use the application (client) id, a GUID without quotation marks.';
  const text = textOption(path, value, fix);
  if (guid.test(text)) return text;
  throw new EntraOptionsError(path, 'not a GUID', fix);
}
