import type { EntraRole } from '../login/entra-roles.js';
import { securityLabel, type RolePrincipal } from './entra-principals.sql.js';
import { quoteIdentifier, quoteLiteral } from './quoting.js';

/** SQL for a role that may log in, in any database. */
export function roleCreation({ name, rights }: EntraRole, principal: RolePrincipal): string {
  const role = quoteIdentifier(name);
  const statements =
    rights === 'admin'
      ? [`CREATE ROLE ${role} LOGIN CREATEROLE CREATEDB`, `GRANT azure_pg_admin TO ${role} WITH ADMIN OPTION`]
      : [`CREATE ROLE ${role} LOGIN`];
  return [...statements, roleLabel(name, principal)].join('; ');
}

/** SQL that binds a role to a principal. */
export function roleLabel(name: string, principal: RolePrincipal): string {
  return `CALL pg_catalog.pgaadauth_set_label(${quoteLiteral(name)}, ${quoteLiteral(securityLabel(principal))})`;
}

/** SQL for what a role may do in the database it is run in. */
export function roleGrants({ name, rights = 'none' }: EntraRole, database: string): string[] {
  if (rights === 'none') return [];
  const role = quoteIdentifier(name);
  return [
    `GRANT ALL ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
  ];
}
