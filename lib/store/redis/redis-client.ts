/**
 * A client of node-redis 5 or later, such as `createClient()`, `createCluster()` and pools make. It must be connected, or
 * connecting.
 */
export interface NodeRedisClient {
  withTypeMapping(mapping: never): unknown;
}

/** A client of ioredis, or a cluster. */
export interface IoredisClient {
  mgetBuffer(keys: string[]): Promise<(Buffer | null)[]>;
}

/** Missing in the types of ioredis. `callBuffer` loses the name of its command where `enableAutoPipelining` is set. */
interface EvalBuffer {
  evalBuffer(script: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
}

/** The two commands that are used, with replies as bytes. */
export interface RedisCommands {
  mget(keys: string[]): Promise<(Uint8Array | null)[]>;
  eval(script: string, keys: string[], args: (string | Buffer)[]): Promise<unknown>;
}

interface MappedNodeRedis {
  mGet(keys: string[]): Promise<(Buffer | null)[]>;
  eval(script: string, options: { keys: string[]; arguments: (string | Buffer)[] }): Promise<unknown>;
}

/** A client that has one connection of its own. A cluster and a pool have many, which are ready or not each by itself. */
interface SingleNodeRedis {
  readonly isReady: boolean;
  readonly socketEpoch: number;
  readonly options?: { commandOptions?: object };
  withCommandOptions(options: object): unknown;
}

// RESP's sign of a string: `RESP_TYPES.BLOB_STRING` of node-redis.
const bytesAsBuffer = { 36: Buffer };

export function isNodeRedis(client: unknown): client is NodeRedisClient {
  return typeof (client as Partial<NodeRedisClient> | undefined)?.withTypeMapping === 'function';
}

export function isIoredis(client: unknown): client is IoredisClient {
  return typeof (client as Partial<IoredisClient> | undefined)?.mgetBuffer === 'function';
}

/** Sends commands by a client of either package. */
export function redisCommands(client: NodeRedisClient | IoredisClient): RedisCommands {
  if (isIoredis(client)) {
    const ioredis = client as IoredisClient & EvalBuffer;
    return {
      mget: (keys) => ioredis.mgetBuffer(keys),
      eval: (script, keys, args) => ioredis.evalBuffer(script, keys.length, ...keys, ...args),
    };
  }
  const mapped = client.withTypeMapping(bytesAsBuffer as never) as MappedNodeRedis;
  const unlimited = withoutTimeout(client);
  const current = (): MappedNodeRedis => unlimited?.() ?? mapped;
  return {
    mget: (keys) => current().mGet(keys),
    eval: (script, keys, args) => current().eval(script, { keys, arguments: args }),
  };
}

/**
 * Sends without the timeout of node-redis, which ends when a command is written: within the turn of the event loop, while there
 * is a connection. Version 6 makes an `AbortSignal` for each, in a fifth of the time that a read takes.
 *
 * @returns `undefined` unless the client has one connection, and from the function unless that is ready
 */
function withoutTimeout(client: object): (() => MappedNodeRedis | undefined) | undefined {
  if (!('socketEpoch' in client && 'withCommandOptions' in client)) return undefined;
  const single = client as SingleNodeRedis;
  const options = { ...single.options?.commandOptions, typeMapping: bytesAsBuffer, timeout: undefined };
  const unlimited = single.withCommandOptions(options) as MappedNodeRedis;
  return () => (single.isReady ? unlimited : undefined);
}
