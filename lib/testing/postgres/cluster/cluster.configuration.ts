import type { LocalPostgresOptions } from '../local-postgres.options.js';
import { allowList, EXTENSIONS_PARAMETER } from './extension-limits.sql.js';
import { connectionLimits } from './server-size.js';

/** Lets our own user alone log in as every role: the gateway has checked the client before. */
export function hostBasedAuthentication(): string {
  return 'local all all peer map=gateway\n';
}

/** @see https://www.postgresql.org/docs/current/auth-username-maps.html ("all" needs PostgreSQL 16) */
export function userNameMap(gatewayUser: string): string {
  return `gateway ${quoted(gatewayUser, '"')} all\n`;
}

/** The server's settings: reachable by its socket only, and fast, since nothing outlives the test. */
export function serverSettings(
  workDirectory: string,
  {
    settings: own = {},
    extensions = [],
    size,
  }: Pick<LocalPostgresOptions, 'settings' | 'extensions' | 'size'>,
): string {
  const settings = {
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...connectionLimits(size),
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    [EXTENSIONS_PARAMETER]: allowList(extensions),
    ...own,
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: workDirectory,
    unix_socket_permissions: '0700',
    // Files of the data directory, which go with it; shared memory of a killed server would stay.
    dynamic_shared_memory_type: 'mmap',
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoted(value, "'")}\n`)
    .join('');
}

function quoted(value: string, quote: string): string {
  return quote + value.replaceAll(quote, quote + quote) + quote;
}
