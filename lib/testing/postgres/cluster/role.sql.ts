import type { EntraRole } from '../login/entra-roles.js';

/** A name as SQL wants it, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL wants it. */
export function quoteLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** SQL for a role that may log in, with its rights in the database it is run in. */
export function roleCreation({ name, rights = 'migrations' }: EntraRole, database: string): string {
  const role = quoteIdentifier(name);
  if (rights === 'none') return `CREATE ROLE ${role} LOGIN`;
  return [
    `CREATE ROLE ${role} LOGIN${rights === 'admin' ? ' CREATEROLE CREATEDB IN ROLE azure_pg_admin' : ''}`,
    `GRANT ALL ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
  ].join('; ');
}
