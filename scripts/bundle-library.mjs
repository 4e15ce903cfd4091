/** Bundles `lib`: what both builds can load alike into `dist/shared`, and the rest into `dist/esm` and `dist/cjs`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

import { transform } from 'esbuild';
import { rolldown } from 'rolldown';

import { pagePlugin } from './bundle-page.mjs';
import { ModuleGraph } from './module-graph.mjs';
import { refuseCircles, toCommonJs } from './to-commonjs.mjs';

const target = 'node20.19';

/**
 * Code that imports nothing but Node.js is written once, as CommonJS, which whatever loads the package can load. What
 * imports Nest or another package is written twice, since each build must get the application's own copy of it.
 *
 * @param {string} root the folder of the project
 * @param {Record<string, string>} entries the source of each entry, by its name in `dist/esm`
 * @param {Record<string, string>} programs the same of what is run and not imported: it has no CommonJS build
 */
export async function bundleLibrary(root, entries, programs) {
  const input = { ...entries, ...programs };
  const graph = await ModuleGraph.read(root, Object.values(input));
  const bundled = await rolldown({
    ...{ cwd: root, input, platform: 'node', tsconfig: join(root, 'tsconfig.build.json') },
    external: (id) => /^[^./]/.test(id) && !id.startsWith('@oxc-project/runtime'),
    transform: { target },
    treeshake: { moduleSideEffects: false },
    plugins: [ownCopyPlugin(graph, Object.values(programs)), pagePlugin],
  });
  const { output } = await bundled.generate({
    format: 'esm',
    entryFileNames: 'esm/[name].js',
    chunkFileNames: (chunk) => `${folderOf(graph, chunk)}/${shortName(chunk)}-[hash].js`,
    codeSplitting: { groups: groupsOf(graph, entries.index) },
    // Names stay: errors and stack traces show them.
    minify: { compress: true, codegen: false, mangle: { toplevel: true, keepNames: true } },
  });
  await bundled.close();
  refuseCircles(output.filter(({ fileName }) => fileName.startsWith('shared/')));
  const required = reachable(output, Object.values(entries));
  const files = output.flatMap((chunk) => filesOf(chunk, required.has(chunk.fileName)));
  await Promise.all(files.map((file) => writeFileOf(join(root, 'dist'), file)));
  for (const folder of ['cjs', 'shared'])
    await writeFile(join(root, 'dist', folder, 'package.json'), '{"type":"commonjs","sideEffects":false}\n');
}

/**
 * Gives a program its own copy of the little that imports packages. It would share a file with the main entry otherwise,
 * and load Nest with it.
 */
function ownCopyPlugin(graph, programs) {
  return {
    name: 'own-copy',
    async resolveId(source, importer, options) {
      if (!importer || !(importer.endsWith(mark) || programs.includes(importer))) return null;
      const resolved = await this.resolve(source, importer.replace(mark, ''), { ...options, skipSelf: true });
      return resolved && graph.isBound(resolved.id) ? { ...resolved, id: `${resolved.id}${mark}` } : resolved;
    },
    load: {
      filter: { id: /\?program$/ },
      handler: async (id) => ({ code: await readFile(id.replace(mark, ''), 'utf8'), moduleType: 'ts' }),
    },
  };
}

const mark = '?program';
const isShared = (graph, id) => !id.endsWith(mark) && !graph.isBound(id);

const folderOf = (graph, { moduleIds }) => (moduleIds.every((id) => isShared(graph, id)) ? 'shared' : 'esm');

/** Names a chunk after its last module, which is what it was made for, where the bundler would list all who load it. */
function shortName({ name, moduleIds }) {
  return name.startsWith('shared~') ? basename(moduleIds.at(-1), extname(moduleIds.at(-1))) : name;
}

/** Few files, since each takes a millisecond to load: two for the main entry, and the rest by who loads it. */
function groupsOf(graph, entry) {
  const core = graph.importedAtOnce(entry);
  const shared = (id) => isShared(graph, id);
  return [
    { name: 'core', test: (id) => core.has(id) && shared(id), priority: 3 },
    { name: 'nest', test: (id) => core.has(id) && !shared(id), priority: 2 },
    { name: 'shared', test: shared, entriesAware: true, entriesAwareMergeThreshold: 3_000, priority: 1 },
  ];
}

/** The files that come to be loaded with some sources, at once or later. */
function reachable(chunks, sources) {
  const isOf = ({ facadeModuleId }) => sources.includes(facadeModuleId);
  const found = new Set(chunks.filter(isOf).map(({ fileName }) => fileName));
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  for (const name of found) {
    const { imports = [], dynamicImports = [] } = byName.get(name) ?? {};
    for (const loaded of [...imports, ...dynamicImports]) if (byName.has(loaded)) found.add(loaded);
  }
  return found;
}

/** The files that a chunk becomes. */
function filesOf({ fileName, code, imports, dynamicImports, exports }, isRequired) {
  if (fileName.startsWith('shared/')) {
    return [
      { fileName, code, format: 'shared' },
      { fileName: namesFile(fileName), text: namesOf(fileName, exports) },
    ];
  }
  const shared = [...imports, ...dynamicImports].filter((name) => name.startsWith('shared/'));
  const esm = shared.reduce((text, name) => text.replaceAll(`/${name}"`, `/${namesFile(name)}"`), code);
  const files = [{ fileName, code: esm, format: 'esm' }];
  if (isRequired) files.push({ fileName: fileName.replace(/^esm/, 'cjs'), code, format: 'cjs' });
  return files;
}

const namesFile = (file) => file.replace(/\.js$/, '.names.js');

/**
 * Lets ES modules import a shared file by way of a short one. Before Node.js loads CommonJS for an ES module it looks for
 * names of exports in its text, which takes four times as long as loading it.
 */
function namesOf(file, exports) {
  const names = exports.map((name, n) => `exports.${name}=${n % 10 === 9 ? '\n' : ''}`).join('');
  return `0&&(${names}0);\nObject.assign(exports,require("./${basename(file)}"));\n`;
}

async function writeFileOf(folder, { fileName, text, code, format }) {
  const path = join(folder, fileName);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    text ?? (await (format === 'shared' ? toCommonJs(code, compact) : compact(code, format))),
  );
}

/** Takes out white space, since half of what loading takes is reading the text. Lines stay short, for stack traces. */
async function compact(code, format) {
  const options = { format, target, platform: 'node', sourcefile: 'chunk.mjs', minifyWhitespace: true };
  // A test runner for CommonJS knows `require` alone.
  const supported = { 'dynamic-import': format !== 'cjs' };
  return (await transform(code, { ...options, supported, lineLimit: 160 })).code.trimEnd();
}
