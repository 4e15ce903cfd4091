import { EntraOptionsError } from '../common/entra-auth.error.js';
import { sameTenant } from '../entra/tenant.js';
import type { UserEntry } from './user-entry.js';

/** @throws {EntraOptionsError} when a call names a tenant that is neither the user's nor the application's */
export function checkTenant({ tenantId }: UserEntry, asked: string | undefined, configured: string): void {
  if (asked === undefined || sameTenant(asked, tenantId) || sameTenant(asked, configured)) return;
  const fix = 'Leave it out: the token of a user is exchanged in the tenant of the user.';
  throw new EntraOptionsError('tenantId', 'not the tenant of the user', fix);
}
