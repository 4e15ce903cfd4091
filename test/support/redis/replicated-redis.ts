import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

import { findProgram } from '../installed-server.js';

const host = '127.0.0.1';

interface Server {
  readonly port: number;
  /** By which the nodes of a cluster talk. */
  readonly busPort: number;
  readonly process: ChildProcess;
  readonly client: Redis;
}

/** Starts `redis-server` on ports of this machine, without TLS, and ends all of them. */
class Servers implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'replicated-redis-'));
  readonly all: Server[] = [];

  async start(
    settings: (busPort: number) => Record<string, string | number>,
    configuration?: string,
  ): Promise<Server> {
    const [port, busPort] = await freePorts();
    const file = join(this.directory, `${port}.conf`);
    writeFileSync(file, configuration ?? '');
    const given = { port, bind: host, save: '', dir: this.directory, ...settings(busPort) };
    const options = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const mode = configuration === undefined ? [] : ['--sentinel'];
    const program = findProgram('redis-server') ?? 'redis-server';
    const child = spawn(program, [file, ...options, ...mode], { stdio: 'ignore' });
    const client = new Redis({ host, port, retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    const server = { port, busPort, process: child, client };
    this.all.push(server);
    await client.ping();
    return server;
  }

  async kill({ process: child, client }: Server): Promise<void> {
    client.disconnect();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.all) await this.kill(server);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Three primaries with a replica each, which takes over when its primary dies. */
export class FailingOverCluster implements AsyncDisposable {
  readonly #servers = new Servers();
  #primaries: Server[] = [];

  static async start(): Promise<FailingOverCluster> {
    const cluster = new FailingOverCluster();
    try {
      await cluster.#form();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get rootNodes(): { host: string; port: number }[] {
    return this.#servers.all.map(({ port }) => ({ host, port }));
  }

  /** Kills a primary, and waits until its replica has taken over. */
  async failOver(): Promise<void> {
    const [victim] = this.#primaries.splice(0, 1);
    if (victim !== undefined) await this.#servers.kill(victim);
    await this.#info((info) => info.includes('cluster_state:fail'), 5_000);
    await this.#info((info) => info.includes('cluster_state:ok'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#servers[Symbol.asyncDispose]();
  }

  async #form(): Promise<void> {
    const start = (n: number): Promise<Server> =>
      this.#servers.start((busPort) => ({
        'cluster-enabled': 'yes',
        'cluster-node-timeout': 1_000,
        'cluster-config-file': `nodes-${n}.conf`,
        'cluster-port': busPort,
      }));
    const nodes = await Promise.all(Array.from({ length: 6 }, (_, n) => start(n)));
    const [primaries, replicas] = [nodes.slice(0, 3), nodes.slice(3)];
    this.#primaries = primaries;
    for (const [n, { client }] of primaries.entries()) {
      const [from, to] = [n * 5_462, Math.min((n + 1) * 5_462, 16_384) - 1];
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }
    const [first] = nodes as [Server];
    for (const [n, { client }] of nodes.entries()) {
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
      if (n > 0) await client.call('CLUSTER', 'MEET', host, first.port, first.busPort);
    }
    await this.#info((info) => info.includes('cluster_known_nodes:6') && info.includes('cluster_state:ok'));
    for (const [n, { client }] of replicas.entries()) {
      const id = await primaries[n]?.client.call('CLUSTER', 'MYID');
      await client.call('CLUSTER', 'REPLICATE', String(id));
    }
    for (const { client } of replicas) {
      while (!(await client.info('replication')).includes('master_link_status:up')) await sleep(20);
    }
    await this.#info((info) => info.includes('cluster_state:ok'));
  }

  /** Waits until it holds for every node that is alive. */
  async #info(holds: (info: string) => boolean, forMs = 30_000): Promise<void> {
    const end = performance.now() + forMs;
    const alive = this.#servers.all.filter(({ process: { signalCode } }) => signalCode === null);
    while (performance.now() < end) {
      const infos = await Promise.all(alive.map(({ client }) => client.call('CLUSTER', 'INFO')));
      if (infos.every((info) => holds(String(info)))) return;
      await sleep(20);
    }
  }
}

/** A primary and a replica, watched by three sentinels. */
export class SentinelRedis implements AsyncDisposable {
  readonly #servers = new Servers();
  readonly name = 'users';
  #sentinels: Server[] = [];
  #primary: Server | undefined;

  static async start(): Promise<SentinelRedis> {
    const redis = new SentinelRedis();
    const primary = await redis.#servers.start(() => ({}));
    const replica = await redis.#servers.start(() => ({ replicaof: `${host} ${primary.port}` }));
    while (!(await replica.client.info('replication')).includes('master_link_status:up')) await sleep(20);
    redis.#primary = primary;
    const lines = [
      `sentinel monitor ${redis.name} ${host} ${primary.port} 2`,
      `sentinel down-after-milliseconds ${redis.name} 500`,
      `sentinel failover-timeout ${redis.name} 3000`,
    ];
    const start = (): Promise<Server> => redis.#servers.start(() => ({}), lines.join('\n'));
    redis.#sentinels = await Promise.all([start(), start(), start()]);
    await redis.#until(
      (answer) => answer.includes('num-other-sentinels,2') && answer.includes('num-slaves,1'),
    );
    return redis;
  }

  get sentinels(): { host: string; port: number }[] {
    return this.#sentinels.map(({ port }) => ({ host, port }));
  }

  /** Kills the primary, and waits until the sentinels have named another. */
  async failOver(): Promise<void> {
    const primary = this.#primary as Server;
    await this.#servers.kill(primary);
    await this.#until(
      (answer) => !answer.includes(`port,${primary.port},`) && answer.includes('flags,master,'),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#servers[Symbol.asyncDispose]();
  }

  async #until(holds: (answer: string) => boolean): Promise<void> {
    const ask = async ({ client }: Server): Promise<boolean> =>
      holds(String(await client.call('SENTINEL', 'MASTER', this.name)));
    const end = performance.now() + 30_000;
    while ((await Promise.all(this.#sentinels.map(ask))).includes(false) && performance.now() < end)
      await sleep(50);
  }
}

/** Both at once, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()].map((server) => server.listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [port, busPort] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [port as number, busPort as number];
}
