import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { LocalPostgresError } from '../local-postgres.error.js';
import type { BackendUser } from './backend-user.js';
import { runProgram } from './program.runner.js';
import { give } from './work-directory.js';

/** Programs that start. */
export interface Programs {
  directory: string;
  /** What `postgres --version` prints. */
  version: string;
}

/**
 * Gives a directory of PostgreSQL's programs that its user can run: the installed one or, where that does not
 * start, a repaired copy in a directory of its own. Two causes are known: the package lies under a directory that is
 * closed to other users (such as root's home), and its install script, which links the libraries, did not run.
 *
 * @param makeDirectory - Gives the directory for the copy.
 * @throws LocalPostgresError
 */
export async function prepareBinaries(
  installed: string,
  makeDirectory: () => string,
  user: BackendUser['identity'],
): Promise<Programs> {
  const first = await tryPostgres(installed, user);
  if (first.ok) return { directory: installed, version: first.output };
  const copy = join(makeDirectory(), 'native');
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  linkLibraries(copy);
  openTo(user, copy);
  const { ok, output } = await tryPostgres(copy, user);
  if (ok) return { directory: copy, version: output };
  throw new LocalPostgresError(
    'binaries-unusable',
    `PostgreSQL from "${installed}" does not start: ${output}\n` +
      'If it misses a library, the package\'s install script did not run: "npm rebuild" makes up for it. ' +
      'If the permission is denied, programs may not run from the temporary directory: set TMPDIR to another one.',
  );
}

function tryPostgres(directory: string, user: BackendUser['identity']): ReturnType<typeof runProgram> {
  return runProgram(join(directory, 'bin', 'postgres'), ['--version'], user);
}

/** npm packages cannot hold symbolic links, so the package lists them in a file for its install script. */
function linkLibraries(directory: string): void {
  const list = join(directory, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(directory), target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

function openTo(user: BackendUser['identity'], path: string): void {
  const isDirectory = statSync(path).isDirectory();
  if (isDirectory) for (const name of readdirSync(path)) openTo(user, join(path, name));
  chmodSync(path, isDirectory || dirname(path).endsWith('bin') ? 0o755 : 0o644);
  give(path, user);
}
