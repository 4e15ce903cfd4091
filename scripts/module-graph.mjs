import { isBuiltin } from 'node:module';
import { join } from 'node:path';

import { build } from 'esbuild';

/** What the modules of the library import. */
export class ModuleGraph {
  /** By the path of a module. @type {Map<string, { path: string, isLater: boolean }[]>} */
  #imports;
  #alike;
  #bound;

  /**
   * @param {Map<string, { path: string, isLater: boolean }[]>} imports
   * @param {string[]} alike packages that are the same however they are loaded
   */
  constructor(imports, alike = []) {
    this.#imports = imports;
    this.#alike = alike;
  }

  /** Reads the sources, with what they import. @param {string} root @param {string[]} entryPoints */
  static async read(root, entryPoints) {
    const { metafile } = await build({
      ...{ absWorkingDir: root, entryPoints, tsconfig: 'tsconfig.build.json' },
      ...{ bundle: true, write: false, outdir: 'dist', metafile: true, logLevel: 'warning' },
      ...{ format: 'esm', platform: 'node', packages: 'external', loader: { '.html': 'empty' } },
    });
    const read = ({ path, external, kind }) => ({
      path: external ? path : join(root, path),
      isLater: kind === 'dynamic-import',
    });
    const modules = Object.entries(metafile.inputs);
    return new ModuleGraph(
      new Map(modules.map(([path, { imports }]) => [join(root, path), imports.map(read)])),
    );
  }

  /** Whether a module comes to import a package, at once or later, which depends on how the package is loaded. */
  isBound(path) {
    return (this.#bound ??= this.#findBound()).has(path);
  }

  /** A module with what is loaded together with it. */
  importedAtOnce(entry) {
    const found = new Set([entry]);
    for (const path of found)
      for (const imported of this.#imports.get(path) ?? []) if (!imported.isLater) found.add(imported.path);
    return found;
  }

  #findBound() {
    const isPackage = (path) => !this.#imports.has(path) && !isBuiltin(path) && !this.#alike.includes(path);
    const found = new Set();
    for (let before = -1; before < found.size;) {
      before = found.size;
      for (const [module, imports] of this.#imports)
        if (imports.some(({ path }) => found.has(path) || isPackage(path))) found.add(module);
    }
    return found;
  }
}
