import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { transpile } from '../../scripts/transpile.mjs';
import { ensureBuilt, repositoryRoot } from './build.js';

/**
 * Makes a program for Node.js of a TypeScript file under `test`. It may import the package by its name, and the
 * sample application by its path.
 *
 * @returns the path of the program, next to the built sample application
 */
export async function buildFixture(path: string): Promise<string> {
  await ensureBuilt();
  const { code } = await transpile(readFileSync(join(repositoryRoot, path), 'utf8'), path);
  const program = join(repositoryRoot, 'dist', path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, code);
  return program;
}
