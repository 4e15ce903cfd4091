import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { checkObject, kindOf } from '../../common/option-checks.js';
import { namesOf } from '../../common/option-table.js';
import type { LeaseRequest, PutRequest, SharedRecord, SharedTokenCache } from '../shared-token-cache.js';
import {
  isIoredis,
  isNodeRedis,
  redisCommands,
  type IoredisClient,
  type NodeRedisClient,
  type RedisCommands,
} from './redis-client.js';
import {
  deleteScript,
  leaseScript,
  listedScript,
  listScript,
  putScript,
  releaseScript,
  unlistScript,
} from './scripts.js';

type Client = NodeRedisClient | IoredisClient;

/** The Redis that keeps the records. */
export interface RedisTokenCacheOptions {
  /**
   * A client of node-redis 5 or later or of ioredis 5 or later, or a function that returns it when it is first needed. The
   * application connects and closes it.
   */
  client: Client | (() => Client);
  /**
   * Begins every key.
   *
   * @default 'nestjs-entra-auth:'
   */
  prefix?: string;
}

const fix = 'Give a client of node-redis 5 or later or of ioredis 5 or later, or a function that returns it.';
const none = Buffer.alloc(0);

/**
 * Keeps the shared cache of users' tokens in Redis, single or as a cluster. Uses MGET, and EVAL of scripts with GET,
 * GETRANGE, SET, DEL, TIME, PTTL, PEXPIRE and the commands of sorted sets; every key expires.
 *
 * @throws {EntraOptionsError} when an option is wrong
 */
export class RedisTokenCache implements SharedTokenCache {
  readonly description = 'Redis';
  readonly #client: () => unknown;
  readonly #prefix: string;
  #known: { client: unknown; commands: RedisCommands } | undefined;

  constructor(options: RedisTokenCacheOptions) {
    const names = namesOf<keyof RedisTokenCacheOptions>({ client: true, prefix: true });
    checkObject('options', options, names, 'Give { client }.');
    const { client, prefix = 'nestjs-entra-auth:' } = options;
    if (typeof prefix !== 'string' || /[{}]/.test(prefix))
      throw new EntraOptionsError('prefix', 'not a text without braces', 'Give one such as "my-api:".');
    if (!isClient(client) && typeof client !== 'function')
      throw new EntraOptionsError('client', kindOf(client), fix);
    this.#client = isClient(client) ? () => client : client;
    this.#prefix = prefix;
  }

  /** Returns the record of this name, and whether a replica holds its lease. */
  async read(name: string): Promise<SharedRecord> {
    const reply = await this.#commands().mget(this.#keys(name));
    return { record: reply[0] ?? undefined, isLeased: (reply[1] ?? undefined) !== undefined };
  }

  async lease(name: string, { holder, forMs, replaces }: LeaseRequest): Promise<'taken' | SharedRecord> {
    const args = [bytes(replaces), holder, String(forMs)];
    const reply = await this.#commands().eval(leaseScript, this.#keys(name), args);
    if (reply === 1) return 'taken';
    return { record: Buffer.isBuffer(reply) ? reply : undefined, isLeased: reply === 0 };
  }

  async put(name: string, request: PutRequest): Promise<boolean> {
    const { record, expiresInMs, replaces, holder, owner } = request;
    const forMs = String(Math.ceil(expiresInMs));
    // Before it is stored: a record that is not listed would outlive the deletion of its owner's.
    if (owner !== undefined) await this.#list(owner, name, { forMs, holder });
    const args = [bytes(replaces), holder ?? '', forMs, bytes(record)];
    return (await this.#commands().eval(putScript, this.#keys(name), args)) === 1;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#commands().eval(releaseScript, this.#keys(name).slice(1), [holder]);
  }

  /** Deletes every record that was put for an owner, one after the other: each may be on another node. */
  async deleteOwned(owner: string): Promise<number> {
    const commands = this.#commands();
    const list = [this.#listOf(owner)];
    const listed = await commands.eval(listedScript, list, []);
    const names = Array.isArray(listed) ? listed.map(String) : [];
    let deleted = 0;
    for (const name of names) {
      const reply = await commands.eval(deleteScript, this.#keys(name).slice(0, 1), []);
      deleted += reply === 1 ? 1 : 0;
    }
    // What has been listed meanwhile stays.
    if (names.length > 0) await commands.eval(unlistScript, list, names);
    return deleted;
  }

  async #list(
    owner: string,
    name: string,
    { forMs, holder }: { forMs: string; holder: string | undefined },
  ): Promise<void> {
    try {
      await this.#commands().eval(listScript, [this.#listOf(owner)], [name, forMs]);
    } catch (error) {
      // As where there is no room for the record.
      if (holder !== undefined) await this.release(name, holder);
      throw error;
    }
  }

  #listOf(owner: string): string {
    return `${this.#prefix}{${owner}}:owned`;
  }

  /** Braces keep both in one slot of a cluster. */
  #keys(name: string): string[] {
    const record = `${this.#prefix}{${name}}`;
    return [record, `${record}:lease`];
  }

  #commands(): RedisCommands {
    const client = this.#client();
    if (client !== this.#known?.client || this.#known === undefined) {
      if (!isClient(client)) throw new EntraOptionsError('client', `returned ${kindOf(client)}`, fix);
      this.#known = { client, commands: redisCommands(client) };
    }
    return this.#known.commands;
  }
}

function isClient(client: unknown): client is Client {
  return isNodeRedis(client) || isIoredis(client);
}

function bytes(value: Uint8Array | undefined): Buffer {
  return value === undefined ? none : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
