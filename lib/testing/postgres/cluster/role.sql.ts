/** A name as SQL wants it, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQL for a role that may log in and run an application's migrations in the database it is run in. */
export function roleCreation(name: string, database: string): string {
  const role = quoteIdentifier(name);
  return [
    `CREATE ROLE ${role} LOGIN`,
    `GRANT ALL ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
  ].join('; ');
}
