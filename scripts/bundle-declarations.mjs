/** Bundles the types of `lib`, and lays them out as the code is: `dist/shared` has what both builds declare alike. */
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

import { ModuleGraph } from './module-graph.mjs';

const isPackage = (id) => /^[^./]/.test(id);

/**
 * A type is declared once in a build. One that comes to name a type of a package is declared in both, since the compiler
 * must look for the package as the importing application does: in CommonJS it refuses ES modules such as Nest 12.
 *
 * @param {string} root the folder of the project
 * @param {string[]} names the entries
 */
export async function bundleDeclarations(root, names) {
  const emitted = join(root, 'dist/declarations');
  await emit(root);
  const imports = new Map();
  const graph = new ModuleGraph(imports, ['rxjs']);
  const bundled = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map((name) => [name, join(emitted, `${name}.d.ts`)])),
    external: isPackage,
    plugins: [dts({ dtsInput: true, tsconfig: false }), readImportsPlugin(imports)],
    // The plugin for types takes most of the time, as it should.
    checks: { pluginTimings: false },
  });
  const isShared = (id) => !graph.isBound(id);
  const { output } = await bundled.generate({
    format: 'esm',
    // The files of the entries come out as `index.d.d.ts` otherwise.
    entryFileNames: 'esm/[name].ts',
    chunkFileNames: ({ moduleIds }) => `${moduleIds.every(isShared) ? 'shared' : 'esm'}/types-[hash].d.ts`,
    codeSplitting: { groups: [{ name: 'shared', test: isShared }] },
  });
  await bundled.close();
  await rm(emitted, { recursive: true });
  for (const { fileName, code } of output) {
    const files = fileName.startsWith('esm/') ? [fileName, fileName.replace(/^esm/, 'cjs')] : [fileName];
    for (const file of files) {
      await mkdir(dirname(join(root, 'dist', file)), { recursive: true });
      await writeFile(join(root, 'dist', file), code);
    }
  }
}

async function emit(root) {
  const compiler = join(root, 'node_modules/typescript-7/bin/tsc');
  const tsc = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve, reject) => tsc.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error('The types of lib are wrong.');
}

/** Tells what each module imports, once the bundler has read all of them. */
function readImportsPlugin(imports) {
  return {
    name: 'read-imports',
    buildEnd() {
      for (const id of this.getModuleIds()) {
        if (isPackage(id)) continue;
        const { importedIds, dynamicallyImportedIds } = this.getModuleInfo(id);
        imports.set(
          id,
          [...importedIds, ...dynamicallyImportedIds].map((path) => ({ path, isLater: false })),
        );
      }
    },
  };
}
