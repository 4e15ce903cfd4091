/** What is used of a client of ioredis. */
export interface RedisClient {
  readonly isCluster: boolean;
  readonly status: string;
  /** `subscriber` only in RESP2. */
  readonly mode: string;
  readonly options: object;
  on(event: string, listener: (...args: never[]) => void): unknown;
  emit(event: string | symbol, ...args: unknown[]): boolean;
  disconnect(reconnect?: boolean): void;
  sendCommand(command: never): unknown;
  auth(username: string, password: string): Promise<unknown>;
  duplicate(...args: never[]): RedisClient;
}

/** What is used of a cluster of ioredis. */
export interface RedisCluster {
  readonly isCluster: boolean;
  readonly options: {
    redisOptions?: { Connector?: unknown } | undefined;
    shardedSubscribers?: boolean | undefined;
  };
  nodes(): RedisClient[];
  on(event: string, listener: (node: RedisClient) => void): unknown;
  duplicate(...args: never[]): RedisCluster;
}

/**
 * Sends AUTH in its place among the commands of a client. The command shows no token: not while it is queued, not in the
 * error of a refusal, not in the debug log of ioredis.
 *
 * @param encoded makes the bytes when the command is written, which is again after a reconnection
 * @returns the reply
 */
export async function sendAuth(
  client: RedisClient,
  username: string,
  encoded: () => string,
): Promise<unknown> {
  const own = Object.getOwnPropertyDescriptor(client, 'sendCommand');
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command) => send(Object.defineProperty(command, 'toWritable', { value: encoded }));
  let reply: Promise<unknown>;
  try {
    reply = client.auth(username, '(access token)');
  } finally {
    if (own === undefined) delete (client as Partial<RedisClient>).sendCommand;
    else Object.defineProperty(client, 'sendCommand', own);
  }
  return await reply;
}

/**
 * Lets a client connect anew at once, even where its own `retryStrategy` would wait or give up. Further tries, should the
 * first one fail, follow that. The client does not emit `reconnecting` for the first one: Nest would refuse requests.
 */
export function reconnectNow(client: RedisClient): void {
  const options = client.options as { retryStrategy?: ((times: number) => unknown) | null };
  const { retryStrategy } = options;
  let isFirst = true;
  options.retryStrategy = (times) => {
    options.retryStrategy = retryStrategy;
    if (!isFirst) return retryStrategy?.(times);
    isFirst = false;
    return 0;
  };
  withholdReconnecting(client);
  client.disconnect(true);
}

function withholdReconnecting(client: RedisClient): void {
  const emit = client.emit.bind(client);
  client.emit = (event, ...args) => {
    if (event !== 'reconnecting' && event !== 'end') return emit(event, ...args);
    delete (client as Partial<RedisClient>).emit;
    return event === 'reconnecting' || emit(event, ...args);
  };
}
