import { readdirSync } from 'node:fs';

/** The name of a kept template. */
export const template = /^local-entra-postgres-\d+-[0-9a-f]{16}$/;

/** What is in a temporary directory but the template of PostgreSQL clusters, which stays on purpose. */
export function filesBesidesTemplate(directory: string): string[] {
  return readdirSync(directory).filter((name) => !template.test(name));
}
