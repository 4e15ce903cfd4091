/**
 * Builds `dist`: `node scripts/build.mjs` makes the package, `node scripts/build.mjs esm sample` the parts that the
 * sample application runs on.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { build } from 'esbuild';

import { transpile } from './transpile.mjs';

const root = dirname(import.meta.dirname);
const inRoot = (...path) => join(root, ...path);
const outEsm = inRoot('dist/esm');
const outCjs = inRoot('dist/cjs');

/** The source of each entry that `package.json` exports. */
const { exports } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
const entries = Object.values(exports)
  .flatMap((entry) => entry.import?.default ?? [])
  .map((file) => file.replace('./dist/esm/', 'lib/').replace(/\.js$/, '.ts'));
/** A program is run and not required: it has no CommonJS build. */
const program = 'lib/cli/main.ts';

/** @type {import('esbuild').BuildOptions} */
const shared = {
  absWorkingDir: root,
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  // Half of what loading takes is reading the text. Names stay: errors and stack traces show them.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
};

/** One file for each entry, and more for what they share or load later. */
const bundle = (entryPoints, outdir) =>
  build({
    ...shared,
    entryPoints,
    outdir,
    outbase: inRoot('lib'),
    tsconfig: inRoot('tsconfig.build.json'),
    format: 'esm',
    bundle: true,
    splitting: true,
    packages: 'external',
    metafile: true,
  });

// The program by itself: shared with the entries, it would split what they load into more files.
const esm = () => Promise.all([bundle(entries, outEsm), bundle([program], outEsm)]);

/** Each bundle of ES modules as CommonJS, so that what entries share is shared here too. */
async function cjs() {
  const { outputs } = (await bundle(entries, outCjs)).metafile;
  const convert = (files, sourcemap) =>
    build({
      ...shared,
      entryPoints: files,
      outdir: outCjs,
      outbase: outCjs,
      allowOverwrite: true,
      format: 'cjs',
      sourcemap,
      // A test runner for CommonJS knows `require` alone.
      supported: { 'dynamic-import': false },
    });
  const files = Object.keys(outputs).filter((file) => file.endsWith('.js'));
  // A chunk of helpers comes from no source, and its map would lead to the chunk itself.
  const hasSource = (file) => Object.keys(outputs[file].inputs).length > 0;
  await convert(files.filter(hasSource), true);
  await convert(
    files.filter((file) => !hasSource(file)),
    false,
  );
  await writeFile(join(outCjs, 'package.json'), '{"type":"commonjs"}\n');
}

/** The same for both: the `package.json` next to them tells what kind of module they describe. */
async function declarations() {
  const compiler = inRoot('node_modules/typescript-7/bin/tsc');
  const tsc = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve, reject) => tsc.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error('The types of lib are wrong.');
  await cp(outEsm, outCjs, {
    recursive: true,
    filter: (path) => basename(path) !== 'cli' && (path.endsWith('.d.ts') || !basename(path).includes('.')),
  });
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
