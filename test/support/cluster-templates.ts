import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { linkTree } from './link-tree.js';

/** The name of a kept template. */
export const template = /^local-entra-postgres-\d+-[0-9a-f]{16}$/;

/** What is in a temporary directory but the template of PostgreSQL clusters, which stays on purpose. */
export function filesBesidesTemplate(directory: string): string[] {
  return readdirSync(directory).filter((name) => !template.test(name));
}

/** Spares a program with a temporary directory of its own the two seconds of `initdb`, if another one has spent them. */
export function linkTemplates(directory: string): void {
  const own = `local-entra-postgres-${process.getuid?.() ?? 0}-`;
  for (const name of readdirSync(tmpdir())) {
    if (template.test(name) && name.startsWith(own))
      linkTree(join(tmpdir(), name), join(directory, name), 0o700);
  }
}
