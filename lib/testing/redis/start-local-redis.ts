import type { KeyAndCertificate } from '../certificates/certificate-authority.js';
import type { Watchdog } from '../watchdog.js';
import type { LocalRedis, LocalRedisOptions } from './local-redis.js';
import { RedisGate, type GateSettings } from './redis.gate.js';
import { RedisProcess } from './redis.process.js';

/** What a local Redis needs of the local Entra. */
export interface RedisContext extends GateSettings {
  options: LocalRedisOptions;
  tls: KeyAndCertificate;
  watchdog: Watchdog;
}

/**
 * Starts `redis-server`, and lets clients in by the gate in front of it.
 *
 * @throws Error when `redis-server` is not installed or ends; nothing is left running then
 */
export async function startLocalRedis(context: RedisContext): Promise<RunningRedis> {
  const server = new RedisProcess(context.options, context.watchdog);
  try {
    await server.start();
    const gate = new RedisGate(server, context.tls, context);
    await gate.listen();
    return new RunningRedis(server, gate);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The server and its gate. */
export class RunningRedis implements LocalRedis {
  constructor(
    private readonly server: RedisProcess,
    private readonly gate: RedisGate,
  ) {}

  get host(): string {
    return this.gate.host;
  }

  get port(): number {
    return this.gate.port;
  }

  get logins(): { readonly accepted: number; readonly refused: number } {
    return { ...this.gate.logins };
  }

  get connections(): number {
    return this.gate.connections;
  }

  get openConnections(): number {
    return this.gate.openConnections;
  }

  get closedForExpiry(): number {
    return this.gate.closedForExpiry;
  }

  get refuses(): LocalRedis['refuses'] {
    return this.gate.refuses;
  }
  set refuses(connections: LocalRedis['refuses']) {
    this.gate.refuses = connections;
  }

  closeConnections(): void {
    this.gate.closeConnections();
  }

  async restart(): Promise<void> {
    await this.server.kill();
    this.gate.forgetUsers();
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.gate.close();
    await this.server.stop();
  }
}
