import { EntraOptionsError } from '../common/entra-auth.error.js';
import { choiceOption } from '../common/option-checks.js';
import { checkExtra, checkRefused } from '../database/refused-options.js';
import { reconciled } from './connection-url.js';
import type { EntraDataSourceOptions } from './entra-data-source.options.js';
import type { EntraLogin } from './entra-login.js';
import type { ResolvedDataSource } from './resolve-data-source.js';
import { endpointNames, type ResolvedEndpoint } from './resolve-endpoint.js';
import type { ResolvedServers } from './resolve-servers.js';

type TypeOrmOptions = ResolvedDataSource['typeOrmOptions'];

/** Finds idle connections that lead nowhere any more; Azure's load balancers forget them after four minutes. */
const keepAliveDefaults = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 };

// These reach pg behind TypeORM's back and win over what was checked here.
const refusedExtras = [
  'password',
  'ssl',
  'user',
  'host',
  'port',
  'database',
  'stream',
  'connection',
  'connectionTimeoutMillis',
  'Client',
];
const bringsOwn = 'Leave it out: this module brings its own use of "pg".';
const refusedOptions = { driver: bringsOwn, nativeDriver: bringsOwn };

/** @throws {EntraOptionsError} for what would go around the checks of this module */
export function checkTypeOrmOptions(path: string, options: EntraDataSourceOptions): void {
  checkRefused(path, options, refusedOptions);
  checkExtra(`${path}.extra`, options.extra, refusedExtras);
}

/**
 * Makes the options that TypeORM is given, but for the driver and the password.
 *
 * @param ownNames the options that TypeORM does not know
 */
export function typeOrmOptionsOf(
  path: string,
  options: EntraDataSourceOptions,
  { endpoints, fromUrl }: ResolvedServers,
  ownNames: readonly string[],
): TypeOrmOptions {
  const { replication } = options;
  const [primary, ...slaves] = endpoints;
  const extra = without((options.extra ?? {}) as object, ['connectionString']);
  const name = reconciled(`${path}.applicationName`, options.applicationName, fromUrl.applicationName);
  reconciled(`${path}.extra.application_name`, extra['application_name'], fromUrl.applicationName);
  const serverOptions = reconciled(`${path}.extra.options`, extra['options'], fromUrl.options);
  const sslnegotiation = negotiation(path, extra['sslnegotiation'], fromUrl.sslnegotiation, endpoints);
  return {
    ...without(options, [...ownNames, ...endpointNames, 'replication']),
    ...(replication === undefined ? primary : { replication: { ...replication, master: primary, slaves } }),
    ...(name === undefined ? {} : { applicationName: name }),
    extra: {
      ...keepAliveDefaults,
      ...extra,
      ...(serverOptions === undefined ? {} : { options: serverOptions }),
      ...(sslnegotiation === undefined ? {} : { sslnegotiation }),
    },
  };
}

function negotiation(
  path: string,
  given: unknown,
  fromUrl: string | undefined,
  endpoints: readonly ResolvedEndpoint[],
): string | undefined {
  const option = `${path}.extra.sslnegotiation`;
  const choices = ['postgres', 'direct'] as const;
  const chosen = given === undefined ? undefined : choiceOption(option, given, 'postgres', choices);
  const value = reconciled(option, chosen, fromUrl);
  if (value === 'direct' && endpoints.some(({ ssl }) => ssl === false)) {
    const fix = 'Leave it out, or write "sslmode=verify-full".';
    throw new EntraOptionsError(option, 'direct on a connection without TLS', fix);
  }
  return value;
}

function without(options: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key)));
}

/** Fills in the role of every server that has none. */
export function withUsername(dataSource: ResolvedDataSource, username: string): ResolvedDataSource {
  const complete = <T extends object>(server: T): T => ({ username, ...server });
  const { typeOrmOptions, primary, endpoints } = dataSource;
  return {
    ...dataSource,
    primary: complete(primary),
    endpoints: endpoints.map(complete),
    typeOrmOptions: onEveryServer(typeOrmOptions, complete),
  };
}

export function withPassword(options: TypeOrmOptions, password: EntraLogin['password']): TypeOrmOptions {
  return onEveryServer(options, (server) => ({ ...server, password }));
}

/** TypeORM has the only server among its options, and several of them below `replication`. */
function onEveryServer(options: TypeOrmOptions, change: <T extends object>(server: T) => T): TypeOrmOptions {
  const replication = options['replication'] as { master: object; slaves: object[] } | undefined;
  if (replication === undefined) return change(options);
  const { master, slaves } = replication;
  return {
    ...options,
    replication: { ...replication, master: change(master), slaves: slaves.map(change) },
  };
}
