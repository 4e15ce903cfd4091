import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { RedisGate } from '../../../lib/testing/redis/redis.gate.js';
import { RedisProcess } from '../../../lib/testing/redis/redis.process.js';
import { startWatchdog } from '../../../lib/testing/watchdog.js';

const slots = 16_384;
const host = '127.0.0.1';

interface Node {
  readonly server: RedisProcess;
  readonly gate: RedisGate;
  readonly busPort: number;
}

/** A cluster of `redis-server`, each node behind a gate of its own. Nodes name each other by address, as in Azure. */
export class RedisCluster implements AsyncDisposable {
  readonly #watchdog = startWatchdog();
  readonly #nodes: Node[] = [];

  private constructor(
    readonly entra: LocalEntra,
    readonly authority: CertificateAuthority,
  ) {}

  /** @param entra whose tokens the nodes take; it goes on when the cluster ends */
  static async start(entra: LocalEntra, size = 3): Promise<RedisCluster> {
    const cluster = new RedisCluster(entra, new CertificateAuthority());
    try {
      await Promise.all(Array.from({ length: size }, () => cluster.#startNode()));
      await cluster.#form();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Where clients begin. */
  get rootNodes(): { host: string; port: number }[] {
    return this.#nodes.map(({ gate }) => ({ host, port: gate.port }));
  }

  /** Options of a TLS client that verifies the nodes by the name of the cluster, since they name each other by address. */
  get tls(): { ca: string; servername: string } {
    return { ca: this.authority.certificate, servername: 'localhost' };
  }

  get closedForExpiry(): number {
    return this.#nodes.reduce((sum, { gate }) => sum + gate.closedForExpiry, 0);
  }

  get connections(): number {
    return this.#nodes.reduce((sum, { gate }) => sum + gate.connections, 0);
  }

  get openConnections(): number[] {
    return this.#nodes.map(({ gate }) => gate.openConnections);
  }

  /** Adds a node, and gives a slot that holds nothing to it. */
  async addNode(slot: number): Promise<void> {
    const node = await this.#startNode();
    await this.#meet(node);
    await this.#healthy();
    const id = bulk(await node.server.command('CLUSTER', 'MYID'));
    for (const { server } of [node, ...this.#nodes.slice(0, -1)]) {
      await server.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', id);
    }
    await this.#healthy();
  }

  /** Ends a node at once and starts it anew, where it was. */
  async restartNode(index: number): Promise<void> {
    const node = this.#nodes[index] as Node;
    await node.server.kill();
    node.gate.forgetUsers();
    await node.server.start();
    await this.#announce(node);
    await this.#healthy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(({ gate }) => gate.close()));
    await Promise.all(this.#nodes.map(({ server }) => server.stop()));
    await this.#watchdog.close();
  }

  async #startNode(): Promise<Node> {
    const [port, busPort] = await freePorts();
    const settings = {
      port,
      bind: host,
      'cluster-enabled': 'yes',
      'cluster-port': busPort,
      'cluster-node-timeout': 2_000,
      'cluster-require-full-coverage': 'no',
    };
    const server = new RedisProcess({ settings }, this.#watchdog);
    await server.start();
    const gate = new RedisGate(server, this.authority.issueServerCertificate(), {
      verifyToken: (token) => this.entra.verifyToken(token, { audience: 'https://redis.azure.com' }),
      now: Date.now,
    });
    await gate.listen();
    const node = { server, gate, busPort };
    this.#nodes.push(node);
    await this.#announce(node);
    return node;
  }

  async #announce({ server, gate, busPort }: Node): Promise<void> {
    await server.command('CONFIG', 'SET', 'cluster-announce-ip', host);
    await server.command('CONFIG', 'SET', 'cluster-announce-port', String(gate.port));
    await server.command('CONFIG', 'SET', 'cluster-announce-bus-port', String(busPort));
  }

  async #form(): Promise<void> {
    const share = Math.ceil(slots / this.#nodes.length);
    for (const [index, node] of this.#nodes.entries()) {
      const last = Math.min((index + 1) * share, slots) - 1;
      await node.server.command('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
      await node.server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      if (index > 0) await this.#meet(node);
    }
    await this.#healthy();
  }

  async #meet({ server }: Node): Promise<void> {
    const [first] = this.#nodes;
    if (first === undefined) return;
    await server.command('CLUSTER', 'MEET', host, String(first.gate.port), String(first.busPort));
  }

  async #healthy(): Promise<void> {
    const isHealthy = async ({ server }: Node): Promise<boolean> => {
      const info = await server.command('CLUSTER', 'INFO');
      return (
        info.includes('cluster_state:ok') &&
        info.includes(`cluster_known_nodes:${this.#nodes.length}\r`) &&
        info.includes('cluster_slots_ok:16384')
      );
    };
    while ((await Promise.all(this.#nodes.map(isHealthy))).includes(false)) await sleep(50);
  }
}

/** A port for clients that nothing uses, and one for the nodes. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()].map((server) => server.listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [port, busPort] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [port as number, busPort as number];
}

function bulk(reply: string): string {
  return reply.split('\r\n')[1] ?? '';
}
