/**
 * Lets Node.js run the TypeScript of this repository's tools:
 * `node --import ./test/support/typescript.mjs test/soak/main.ts`.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

import { transpile } from '../../scripts/transpile.mjs';

// Node.js loads this file twice: to register the hooks, and once more, apart from the program, to run them.
if (isMainThread) register(import.meta.url);

/** As TypeScript does: an import of `./x.js` finds `./x.ts`. */
export function resolve(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return next(source.href, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = await transpile(await readFile(path, 'utf8'), path);
  return { format: 'module', source: code, shortCircuit: true };
}
