/**
 * Builds `dist`: `node scripts/build.mjs` makes the package, `node scripts/build.mjs code sample` the parts that the
 * sample application runs on.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { bundleDeclarations } from './bundle-declarations.mjs';
import { bundleLibrary } from './bundle-library.mjs';
import { transpile } from './transpile.mjs';

const root = dirname(import.meta.dirname);
const inRoot = (...path) => join(root, ...path);

/** The source of each entry that `package.json` exports, by its name in `dist`. */
const { exports } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
const entries = Object.fromEntries(
  Object.values(exports)
    .flatMap((entry) => entry.import?.default ?? [])
    .map((file) => file.slice('./dist/esm/'.length, -'.js'.length))
    .map((name) => [name, inRoot('lib', `${name}.ts`)]),
);
const programs = { 'cli/main': inRoot('lib/cli/main.ts') };

const code = () => bundleLibrary(root, entries, programs);

const declarations = () => bundleDeclarations(root, Object.keys(entries));

/** The sample application, file by file: Nest and its validators need the types that esbuild does not emit. */
async function sample() {
  const source = inRoot('sample-app');
  const files = await readdir(source, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const path = join(source, file);
    const target = inRoot('dist/sample-app', file.replace(/\.ts$/, '.js'));
    const { code, map } = await transpile(await readFile(path, 'utf8'), path, { metadata: true });
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
    await writeFile(`${target}.map`, map);
  }
}

const parts = { code, declarations, sample };
const named = process.argv.slice(2);
await Promise.all((named.length > 0 ? named : ['code', 'declarations']).map((part) => parts[part]()));
