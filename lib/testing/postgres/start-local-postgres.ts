import type { Watchdog } from '../watchdog.js';
import { AdminClient, loadPg } from './cluster/admin.client.js';
import { DatabaseCluster, type ClusterOptions } from './cluster/database.cluster.js';
import type { DatabasePrincipal, PrincipalType } from './cluster/entra-principals.sql.js';
import { socketPath } from './cluster/work-directory.js';
import { GatewayServer } from './gateway/gateway.server.js';
import type { LocalPostgres } from './local-postgres.js';
import type { LocalPostgresOptions } from './local-postgres.options.js';
import { EntraRoles, type EntraRole } from './login/entra-roles.js';
import { LoginService, type TokenVerifier } from './login/login.service.js';
import { RunningPostgres } from './running-postgres.js';

/** What the local PostgreSQL takes from the local Entra around it. */
export interface LocalPostgresContext {
  options: LocalPostgresOptions;
  /** May log in when the options name no roles. */
  defaultRole: EntraRole;
  /** Whom roles can be made for by name. */
  directory?: readonly DatabasePrincipal[];
  tenantId?: string;
  /** Whether a principal is in a group of the tenant; both by object ID. */
  isMember?: (group: string, objectId: string) => boolean;
  /** Key and certificate for `localhost`, as PEM. */
  tls: { key: string; cert: string };
  verifyToken: TokenVerifier;
  /** Removes what is left when this process dies. */
  watchdog: Watchdog;
  /** One that is being made already. */
  cluster?: DatabaseCluster | undefined;
  /** Milliseconds since 1970, by the clock that the tokens are issued with. */
  now: () => number;
  /** By how much `iat` of a token lies before the moment of its issue. */
  backdatedBySeconds: number;
}

/**
 * Begins to make the database, which takes longer than everything else.
 *
 * @param watchdog - Removes what is left when this process dies.
 * @throws LocalPostgresError when PostgreSQL is not installed
 */
export function beginCluster(options: ClusterOptions, watchdog: Watchdog): DatabaseCluster {
  const cluster = new DatabaseCluster(options, watchdog);
  // Later waits get the errors.
  for (const begun of [cluster.create(), loadPg()]) begun.catch(() => undefined);
  return cluster;
}

/**
 * Starts a PostgreSQL that logs clients in by Entra access tokens.
 *
 * @throws LocalPostgresError, or Node's own error (`EADDRINUSE`) when the port is taken; nothing is left then
 */
export async function startLocalPostgres(context: LocalPostgresContext): Promise<LocalPostgres> {
  const { options } = context;
  const roles = options.roles ?? [{ ...context.defaultRole, rights: options.rights }];
  const cluster = context.cluster ?? beginCluster(options, context.watchdog);
  const directory = context.directory ?? [];
  const login = new LoginService({
    ...context,
    roles: new EntraRoles(typesOf(directory)),
    isMember: context.isMember ?? (() => false),
    refusalTexts: options.refusalTexts ?? 'current',
    onLogin: options.onLogin ?? (() => undefined),
  });
  const admin = new AdminClient(cluster.directory, options.database ?? 'app');
  const services = {
    login,
    backendSocket: socketPath(cluster.directory),
    principalOf: (role: string) => admin.principalOf(role),
    loginTimeoutInMs: options.loginTimeoutInMs ?? 60_000,
  };
  const gateway = new GatewayServer(context.tls, { ...services, pooler: false });
  const pooler = options.pooler ? new GatewayServer(context.tls, { ...services, pooler: true }) : undefined;
  const username = roles[0]?.name ?? context.defaultRole.name;
  const server = new RunningPostgres({ cluster, gateway, pooler, login, admin, username });
  try {
    // First, since a port that is taken costs the least to find out.
    await gateway.listen(options.port ?? 0);
    await pooler?.listen(0);
    await cluster.create();
    const entries = roles.map((role) => [role, login.roles.entryOf(role)] as const);
    await admin.setUp({ tenantId: context.tenantId, directory }, entries);
    for (const [{ name }, entry] of entries) login.roles.set(name, entry);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What the tenant has under an object ID. */
function typesOf(directory: readonly DatabasePrincipal[]): (objectId: string) => PrincipalType | undefined {
  const types = new Map(directory.map(({ objectId, type }) => [objectId.toLowerCase(), type]));
  return (objectId) => types.get(objectId.toLowerCase());
}
