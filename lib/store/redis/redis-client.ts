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
  return {
    mget: (keys) => mapped.mGet(keys),
    eval: (script, keys, args) => mapped.eval(script, { keys, arguments: args }),
  };
}
