import type { AdminClient, AdminClientConfig } from './cluster/admin.client.js';
import type { DatabaseCluster } from './cluster/database.cluster.js';
import { concernsRoles } from './cluster/security-label.js';
import type { GatewayServer } from './gateway/gateway.server.js';
import { LocalPostgresError } from './local-postgres.error.js';
import type { LocalPostgres } from './local-postgres.js';
import type { EntraRole } from './login/entra-roles.js';
import type { LoginCounters } from './login/login-tally.js';
import type { LoginFault } from './login/login-fault.js';
import type { LoginService } from './login/login.service.js';

interface Parts {
  cluster: DatabaseCluster;
  gateway: GatewayServer;
  pooler: GatewayServer | undefined;
  login: LoginService;
  admin: AdminClient;
  username: string;
}

/** The parts under one roof. */
export class RunningPostgres implements LocalPostgres {
  readonly host = 'localhost';
  readonly username: string;
  private stopping: Promise<void> | undefined;
  private restarting: Promise<void> = Promise.resolve();

  constructor(private readonly parts: Parts) {
    this.username = parts.username;
  }

  get port(): number {
    return this.parts.gateway.port;
  }

  get poolerPort(): number {
    const { pooler } = this.parts;
    if (pooler !== undefined) return pooler.port;
    throw new Error('The pooler was not started: start the local Entra with { postgres: { pooler: true } }.');
  }

  get database(): string {
    return this.adminClientConfig.database;
  }

  get logins(): LoginCounters {
    return this.parts.login.tally;
  }

  get adminClientConfig(): AdminClientConfig {
    return this.parts.admin.config;
  }

  query<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]> {
    if (concernsRoles(sql)) this.parts.login.roles.forget();
    return this.parts.admin.query<Row>(sql, values);
  }

  async createRole(role: EntraRole): Promise<void> {
    const { admin, login } = this.parts;
    const entry = login.roles.entryOf(role);
    const known = login.roles.get(role.name) ?? (await admin.principalOf(role.name));
    await (known === undefined ? admin.createRole(role, entry) : admin.relabelRole(role.name, entry));
    login.roles.set(role.name, entry);
  }

  revoke(token: string): void {
    this.parts.login.revoked.revoke(token);
  }

  revokeAll(): void {
    this.parts.login.revokeAll();
  }

  failLogins(fault: LoginFault | undefined, { times }: { times?: number } = {}): void {
    this.parts.login.faults.set(fault, times);
  }

  dropConnections(): void {
    this.parts.gateway.dropConnections();
    this.parts.pooler?.dropConnections();
  }

  pause(): void {
    this.parts.gateway.pause();
  }

  resume(): void {
    this.parts.gateway.resume();
  }

  restart(): Promise<void> {
    this.restarting = this.restarting.catch(() => undefined).then(() => this.startAgain());
    return this.restarting;
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private startAgain(): Promise<void> {
    if (!this.stopping) return this.parts.cluster.restart();
    throw new LocalPostgresError('start-failed', 'The local PostgreSQL has been stopped.');
  }

  private async end(): Promise<void> {
    await Promise.all([this.parts.gateway.close(), this.parts.pooler?.close()]);
    // A restart that is under way would start a server without files.
    await this.restarting.catch(() => undefined);
    await this.parts.cluster.remove();
  }
}
