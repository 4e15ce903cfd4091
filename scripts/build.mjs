/**
 * Builds `dist`: `node scripts/build.mjs` makes the package, `node scripts/build.mjs esm sample` the parts that the
 * sample application runs on.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { transform } from 'esbuild';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

import { pagePlugin } from './bundle-page.mjs';
import { transpile } from './transpile.mjs';

const root = dirname(import.meta.dirname);
const inRoot = (...path) => join(root, ...path);
const outEsm = inRoot('dist/esm');
const outCjs = inRoot('dist/cjs');

/** The source of each entry that `package.json` exports, by its name in `dist`. */
const { exports } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
const entries = Object.fromEntries(
  Object.values(exports)
    .flatMap((entry) => entry.import?.default ?? [])
    .map((file) => file.slice('./dist/esm/'.length, -'.js'.length))
    .map((name) => [name, inRoot('lib', `${name}.ts`)]),
);
/** A program is run and not required: it has no CommonJS build. */
const program = { 'cli/main': inRoot('lib/cli/main.ts') };

/**
 * One file for each entry, one for what the main entry needs at once, and more for what is loaded later. Without the
 * second, code that entries and later parts share would be split into a dozen files, which each take a millisecond to load.
 */
async function bundle(input, output) {
  const bundled = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    tsconfig: inRoot('tsconfig.build.json'),
    external: (id) => /^[^./]/.test(id) && !id.startsWith('@oxc-project/runtime'),
    transform: { target: 'node20.19' },
    treeshake: { moduleSideEffects: false },
    plugins: [pagePlugin],
  });
  const main = input.index === undefined ? [] : [coreGroup(input.index)];
  const { output: files } = await bundled.write({
    ...output,
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: main },
    // Names stay: errors and stack traces show them.
    minify: { compress: true, codegen: false, mangle: { toplevel: true, keepNames: true } },
  });
  await bundled.close();
  return files.map(({ fileName }) => join(output.dir, fileName));
}

/** Both bundles of a build may have the same file. */
const compactAll = (bundles) => Promise.all([...new Set(bundles.flat())].map(compact));

/** Takes out white space, since half of what loading takes is reading the text. Lines stay short, for stack traces. */
async function compact(file) {
  const { code } = await transform(await readFile(file, 'utf8'), {
    minifyWhitespace: true,
    lineLimit: 160,
    target: 'node20.19',
  });
  await writeFile(file, code);
}

/** Groups what an entry imports, but for what it imports later. */
function coreGroup(entry) {
  let core;
  const findCore = (context) => {
    const found = new Set([entry]);
    for (const id of found)
      for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
    return found;
  };
  return { debugName: 'core', name: (id, context) => ((core ??= findCore(context)).has(id) ? 'core' : null) };
}

// The program by itself: shared with the entries, it would split what they load into more files.
async function esm() {
  const inputs = [entries, program];
  await compactAll(await Promise.all(inputs.map((input) => bundle(input, { dir: outEsm, format: 'esm' }))));
}

async function cjs() {
  // A test runner for CommonJS knows `require` alone.
  await compactAll([await bundle(entries, { dir: outCjs, format: 'cjs', dynamicImportInCjs: false })]);
  await writeFile(join(outCjs, 'package.json'), '{"type":"commonjs"}\n');
}

/**
 * One file for each entry, and one for each group of types that entries share, so that a type is declared once. The same for
 * both builds: the `package.json` next to them tells what kind of module they describe.
 */
async function declarations() {
  const emitted = inRoot('dist/declarations');
  const compiler = inRoot('node_modules/typescript-7/bin/tsc');
  const tsc = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve, reject) => tsc.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error('The types of lib are wrong.');
  const input = Object.fromEntries(Object.keys(entries).map((name) => [name, join(emitted, `${name}.d.ts`)]));
  const external = (id) => /^[^./]/.test(id);
  const bundled = await rolldown({
    cwd: root,
    input,
    external,
    plugins: [dts({ dtsInput: true, tsconfig: false })],
  });
  // The files of the entries come out as `index.d.d.ts` otherwise.
  const names = { entryFileNames: '[name].ts', chunkFileNames: 'types-[hash].d.ts' };
  for (const dir of [outEsm, outCjs]) await bundled.write({ dir, format: 'esm', ...names });
  await bundled.close();
  await rm(emitted, { recursive: true });
}

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

const parts = { esm, cjs, declarations, sample };
const named = process.argv.slice(2);
await Promise.all((named.length > 0 ? named : ['esm', 'cjs', 'declarations']).map((part) => parts[part]()));
