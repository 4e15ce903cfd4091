import { join } from 'node:path';

import { repositoryRoot } from './build.js';
import { runSuccessfully } from './run-program.js';

export interface BundleOptions {
  /**
   * Puts packages into the file too: one that takes TypeORM starts in half the time. Such a program can have no `await`
   * outside of functions.
   *
   * @default false
   */
  withPackages?: boolean;
}

/**
 * Makes one file of a TypeScript program under `test` and of what it takes from `lib`, so that it starts in no time.
 *
 * @returns the path of the program for Node.js
 */
export async function bundleProgram(
  path: string,
  { withPackages = false }: BundleOptions = {},
): Promise<string> {
  const program = join(repositoryRoot, '.test-output', path.replace(/\.ts$/, withPackages ? '.cjs' : '.mjs'));
  const options = [
    '--bundle',
    '--platform=node',
    // TypeORM names packages that are not installed: an application without them must not hear of them.
    ...(withPackages
      ? ['--format=cjs', '--log-level=error']
      : ['--format=esm', '--packages=external', '--log-level=warning']),
  ];
  const esbuild = join(repositoryRoot, 'node_modules/esbuild/bin/esbuild');
  await runSuccessfully(esbuild, [path, ...options, `--outfile=${program}`], { cwd: repositoryRoot });
  return program;
}
