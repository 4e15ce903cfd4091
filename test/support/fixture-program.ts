import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import ts from 'typescript';

import { ensureBuilt, repositoryRoot } from './build.js';

/**
 * Makes a program for Node.js of a TypeScript file under `test`. It may import the package by its name, and the
 * sample application by its path.
 *
 * @returns the path of the program, beside the built sample application
 */
export async function buildFixture(path: string): Promise<string> {
  await ensureBuilt();
  const { outputText } = ts.transpileModule(readFileSync(join(repositoryRoot, path), 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const program = join(repositoryRoot, 'dist', path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, outputText);
  return program;
}
