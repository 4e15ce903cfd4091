import type { EntraLogin } from './entra-login.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

type TypeOrmOptions = ResolvedDataSource['typeOrmOptions'];

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
