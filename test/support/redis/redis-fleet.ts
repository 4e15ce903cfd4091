import { setTimeout as sleep } from 'node:timers/promises';

import { Cluster, Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import {
  entraNodeRedisOptions,
  entraRedisOptions,
  keepAuthenticated,
  type RedisTokenSource,
} from 'nestjs-entra-auth/redis';
import { createClient, createClientPool, createCluster } from 'redis';

import { eventually } from '../eventually.js';
import type { LocalRedis } from './local-redis.js';
import type { RedisCluster } from './redis-cluster.js';
import { RedisJobs } from './redis-jobs.js';

/** Where the clients of a fleet connect to. */
export type FleetServer = Pick<LocalRedis, 'host' | 'port' | 'tls'>;
/** Where the clients of a cluster begin. */
export type FleetCluster = Pick<RedisCluster, 'rootNodes' | 'tls'>;

/** Time between two commands of one client. */
const intervalInMs = 25;

/** A client of each kind, under constant load. */
export class RedisFleet {
  /** Commands that succeeded, by client. */
  readonly commands: Record<string, number> = {};
  /** Commands that failed, and what clients emitted as `error`. */
  failures: { client: string; kind: 'command' | 'event'; error: unknown }[] = [];
  readonly sent: string[] = [];
  readonly received: Record<string, string[]> = {};
  readonly jobs: RedisJobs;
  pushed = 0;
  popped = 0;
  readonly #tokens: RedisTokenSource;
  readonly #redis: FleetServer;
  readonly #closing: (() => unknown)[] = [];
  readonly #loads: (() => Promise<void>)[] = [];
  #running: Promise<void>[] = [];
  #isStopped = false;

  constructor(tokens: RedisTokenSource, redis: FleetServer) {
    this.#tokens = tokens;
    this.#redis = redis;
    this.jobs = new RedisJobs(
      () => this.#ioredis('BullMQ'),
      (error) => this.#failed('BullMQ', 'event', error),
    );
  }

  /** Connects all. */
  async start(cluster?: FleetCluster): Promise<void> {
    await Promise.all([this.#startNodeRedis(), this.#startSubscribers(), this.jobs.start()]);
    if (cluster !== undefined) await this.#startClusters(cluster);
    this.#startIoredis();
    this.#run('jobs', () => this.jobs.add(), 30);
  }

  /** Begins the load. What went wrong before does not count. */
  begin(): void {
    this.#isStopped = false;
    this.failures = [];
    this.sent.length = 0;
    for (const received of Object.values(this.received)) received.length = 0;
    this.#running = this.#loads.map((load) => load());
  }

  /** Ends the load when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
    await this.jobs.done();
    await sleep(300);
  }

  /** Waits until each client has its commands answered again, and each subscriber hears of what is published. */
  async recovered(): Promise<void> {
    const heard = (): number[] => Object.values(this.received).map(({ length }) => length);
    const [done, before] = [Object.values(this.commands), heard()];
    const areMore = (now: number[], then: number[]): boolean =>
      now.every((count, n) => count > (then[n] ?? 0));
    await eventually(() => areMore(Object.values(this.commands), done) && areMore(heard(), before));
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await this.jobs.close();
    for (const close of this.#closing) await close();
  }

  async #startNodeRedis(): Promise<void> {
    const { host, port, tls } = this.#redis;
    const options = entraNodeRedisOptions(this.#tokens, { socket: { host, port, ...tls } });
    const client = this.#observed('node-redis', createClient(options));
    const pool = this.#observed('node-redis pool', createClientPool(options, { minimum: 3 }));
    const subscriber = this.#observed('node-redis subscriber', createClient(options));
    await Promise.all([client.connect(), pool.connect(), subscriber.connect()]);
    await subscriber.subscribe('news', this.#receive('node-redis'));
    this.#run('node-redis', () => client.set('node-redis', 'value'));
    this.#run('node-redis pool', () => Promise.all([pool.ping(), pool.ping(), pool.ping()]));
    this.#closing.push(() => [client, pool, subscriber].forEach((each) => each.destroy()));
  }

  #startIoredis(): void {
    const [client, blocked] = [this.#ioredis('ioredis'), this.#ioredis('ioredis BLPOP')];
    this.#run('ioredis', async () => {
      const message = String(this.sent.length);
      await client.set('ioredis', message);
      this.sent.push(message);
      await client.publish('news', message);
    });
    this.#run('ioredis push', async () => void (await client.rpush('list', ++this.pushed)), 700);
    // An endless block is ended with an empty reply before its token ends.
    const pop = async (): Promise<void> => {
      if ((await blocked.blpop('list', 0)) !== null) this.popped++;
    };
    this.#run('ioredis BLPOP', pop, 0);
  }

  async #startSubscribers(): Promise<void> {
    const { host, port, tls } = this.#redis;
    const options = { ...entraRedisOptions(this.#tokens, { host, port, tls }), maxRetriesPerRequest: null };
    const resp3 = keepAuthenticated(new Redis6({ ...options, protocol: 3 }), this.#tokens);
    const resp2 = this.#ioredis('ioredis subscriber RESP2');
    this.#observed('ioredis subscriber RESP3', resp3);
    for (const [name, client] of [
      ['RESP2', resp2],
      ['RESP3', resp3],
    ] as const) {
      const receive = this.#receive(`ioredis ${name}`);
      client.on('message', (_: string, message: string) => receive(message));
      await client.subscribe('news');
    }
    this.#closing.push(() => resp3.disconnect());
  }

  async #startClusters({ rootNodes, tls }: FleetCluster): Promise<void> {
    const redisOptions = entraRedisOptions(this.#tokens, { tls });
    const ioredis = keepAuthenticated(
      // A machine under load takes longer than a second to tell the slots.
      new Cluster(rootNodes, { redisOptions, slotsRefreshTimeout: 5_000 }),
      this.#tokens,
    );
    this.#observed('ioredis cluster', ioredis);
    const nodeRedis = createCluster(
      entraNodeRedisOptions(this.#tokens, {
        rootNodes: rootNodes.map((socket) => ({ socket })),
        defaults: { socket: tls },
      }),
    );
    this.#observed('node-redis cluster', nodeRedis);
    await nodeRedis.connect();
    let n = 0;
    this.#run('ioredis cluster', () => ioredis.set(`key:${n++ % 50}`, 'value'));
    this.#run('node-redis cluster', () => nodeRedis.set(`key:${n++ % 50}`, 'value'));
    this.#closing.push(
      () => ioredis.disconnect(),
      () => nodeRedis.destroy(),
    );
  }

  #ioredis(name: string): Redis {
    const { host, port, tls } = this.#redis;
    const options = entraRedisOptions(this.#tokens, { host, port, tls, maxRetriesPerRequest: null });
    const client = this.#observed(name, keepAuthenticated(new Redis(options), this.#tokens));
    this.#closing.push(() => client.disconnect());
    return client;
  }

  #observed<T extends { on(event: string, listener: (error: Error) => void): unknown }>(
    name: string,
    client: T,
  ): T {
    client.on('error', (error) => this.#failed(name, 'event', error));
    return client;
  }

  #receive(name: string): (message: string) => void {
    const received = (this.received[name] = [] as string[]);
    return (message) => void received.push(message);
  }

  #run(name: string, command: () => Promise<unknown>, pauseInMs = intervalInMs): void {
    this.commands[name] = 0;
    this.#loads.push(async () => {
      while (!this.#isStopped) {
        try {
          await command();
          this.commands[name] = (this.commands[name] ?? 0) + 1;
        } catch (error) {
          this.#failed(name, 'command', error);
        }
        await sleep(pauseInMs);
      }
    });
  }

  #failed(client: string, kind: 'command' | 'event', error: unknown): void {
    this.failures.push({ client, kind, error });
  }
}
