import type { EntraRole, RoleEntry } from '../login/entra-roles.js';
import {
  directoryEntries,
  labelOfRole,
  parseSecurityLabel,
  type DatabasePrincipal,
  type RolePrincipal,
} from './entra-principals.sql.js';
import { quoteIdentifier } from './quoting.js';
import { roleCreation, roleGrants, roleLabel } from './role.sql.js';
import { withoutSecurityLabels } from './security-label.js';

/** Settings for a `pg` client that connects as superuser, past the gateway and without a token. */
export interface AdminClientConfig {
  /** Directory of the server's unix socket. */
  host: string;
  port: number;
  user: string;
  database: string;
  ssl: false;
}

/** The superuser's name on Azure, too; no client can log in with it. */
export const SUPERUSER = 'azuresu';

/** The database that the template of clusters has. */
export const TEMPLATE_DATABASE = 'app';

/** The database's superuser, at the socket behind the gateway. */
export class AdminClient {
  readonly config: AdminClientConfig;
  private readonly lookUps = new Map<string, Promise<RolePrincipal | undefined>>();

  constructor(socketDirectory: string, database: string) {
    this.config = { host: socketDirectory, port: 5432, user: SUPERUSER, database, ssl: false };
  }

  /** Runs SQL on a connection of its own. */
  async query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]> {
    return run<Row>(this.config, withoutSecurityLabels(sql), values);
  }

  /** Names the database, makes the principals of the tenant known and creates the first roles. */
  async setUp(
    tenant: { tenantId: string | undefined; directory: readonly DatabasePrincipal[] },
    roles: readonly (readonly [EntraRole, RoleEntry])[],
  ): Promise<void> {
    const { database } = this.config;
    const steps = [
      directoryEntries(tenant.directory, tenant.tenantId),
      ...([TEMPLATE_DATABASE, 'postgres'].includes(database)
        ? []
        : [`ALTER DATABASE ${TEMPLATE_DATABASE} RENAME TO ${quoteIdentifier(database)}`]),
      ...roles.map(([role, entry]) => roleCreation(role, labelled(entry))),
    ];
    await this.inPostgres(steps.join('; '));
    const grants = roles.flatMap(([role]) => roleGrants(role, database));
    if (grants.length > 0) await this.query(grants.join('; '));
  }

  /** The principal that a role belongs to. Callers at the same time share one connection. */
  principalOf(role: string): Promise<RolePrincipal | undefined> {
    const underWay = this.lookUps.get(role);
    if (underWay !== undefined) return underWay;
    const lookUp = this.lookUp(role).finally(() => this.lookUps.delete(role));
    this.lookUps.set(role, lookUp);
    return lookUp;
  }

  async createRole(role: EntraRole, entry: RoleEntry): Promise<void> {
    const grants = roleGrants(role, this.config.database);
    await this.query([roleCreation(role, labelled(entry)), ...grants].join('; '));
  }

  async relabelRole(name: string, entry: RoleEntry): Promise<void> {
    await this.query(roleLabel(name, labelled(entry)));
  }

  private async lookUp(role: string): Promise<RolePrincipal | undefined> {
    const [row] = await this.inPostgres<{ label: string }>(labelOfRole, [role]);
    return row === undefined ? undefined : parseSecurityLabel(row.label);
  }

  private inPostgres<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]> {
    return run<Row>({ ...this.config, database: 'postgres' }, sql, values);
  }
}

function labelled({ type = 'service', ...rest }: RoleEntry): RolePrincipal {
  return { ...rest, type };
}

/** Loaded while the server starts: an application that tests only tokens need not install it. */
export function loadPg(): Promise<typeof import('pg')> {
  return import('pg');
}

async function run<Row extends object>(
  config: AdminClientConfig,
  sql: string,
  values?: unknown[],
): Promise<Row[]> {
  const { default: pg } = await loadPg();
  const client = new pg.Client(config);
  // A server that stops while the connection is open is the query's error, if any; without a listener it would throw.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Row & Record<string, unknown>>(sql, values);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
