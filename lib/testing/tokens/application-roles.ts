import type { ServicePrincipal } from '../directory/service-principal.js';
import { graphAudiences } from './audiences.js';

/** `roles` of an application's token: what it was granted on that API. Without any there is no such claim. */
export function applicationRoles(
  { graphPermissions }: ServicePrincipal,
  audience: string,
): { roles?: readonly string[] } {
  const granted = graphPermissions.length > 0 && graphAudiences.includes(audience);
  return granted ? { roles: graphPermissions } : {};
}
