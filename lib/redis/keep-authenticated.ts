import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { adoptSubscriber } from './cluster-subscriber.js';
import { KeptClient } from './kept-client.js';
import type { RedisClient, RedisCluster } from './redis-client.js';
import type { RedisTokenSource } from './redis-logins.js';
import { connectorOf, EntraRedisConnector, type EntraRedisConnectorClass } from './redis.connector.js';

const kept = new WeakSet<object>();

/**
 * Keeps a client of ioredis logged in: its open connection, its duplicates, and the nodes of a cluster present each new
 * token, so that Azure does not close them when the old one expires. An AUTH waits behind a command that blocks; one that
 * would block beyond the token's end is unblocked with an empty reply. A subscriber of RESP2, which can send no AUTH,
 * connects anew; with `protocol: 3` (ioredis 6) it stays.
 *
 * Nothing is left of it when the client has disconnected.
 *
 * @param client made with `entraRedisOptions`; it may be connected already
 * @param tokens the same as in `entraRedisOptions`
 * @returns the client
 * @throws {EntraOptionsError} for a client that was made otherwise
 */
export function keepAuthenticated<T extends RedisClient | RedisCluster>(
  client: T,
  tokens: RedisTokenSource,
): T {
  checkIsClient(client);
  if (kept.has(client)) return client;
  if (isCluster(client)) keepCluster(client, tokens);
  else keepClient(client, tokens);
  keepDuplicates<RedisClient | RedisCluster>(client, tokens);
  kept.add(client);
  return client;
}

function keepClient(client: RedisClient, tokens: RedisTokenSource): void {
  const connector = connectorOf(client.options);
  if (connector === undefined) throw notOurs('new Redis(entraRedisOptions(tokens, { host }))');
  if (connector.settings.tokens !== tokens) {
    throw new EntraOptionsError(
      'tokens',
      'not those of the client',
      'Give the same as to entraRedisOptions.',
    );
  }
  new KeptClient(client, connector).start();
}

function keepCluster(cluster: RedisCluster, tokens: RedisTokenSource): void {
  const { Connector } = cluster.options.redisOptions ?? {};
  if (!(typeof Connector === 'function' && Connector.prototype instanceof EntraRedisConnector)) {
    throw notOurs('new Cluster(nodes, { redisOptions: entraRedisOptions(tokens, {}) })');
  }
  if (cluster.options.shardedSubscribers === true) {
    throw new EntraOptionsError(
      'shardedSubscribers',
      'true, whose connections are not kept logged in',
      'Leave it out.',
    );
  }
  const keep = (client: RedisClient): void => void keepAuthenticated(client, tokens);
  cluster.nodes().forEach(keep);
  cluster.on('+node', keep);
  adoptSubscriber(cluster, Connector as EntraRedisConnectorClass, keep);
}

/** Keeps duplicates of a client authenticated too: BullMQ makes one for its blocking commands. */
function keepDuplicates<T extends RedisClient | RedisCluster>(
  client: { duplicate(...args: never[]): T },
  tokens: RedisTokenSource,
): void {
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...args) => keepAuthenticated(duplicate(...args), tokens);
}

function isCluster(client: RedisClient | RedisCluster): client is RedisCluster {
  return client.isCluster;
}

function checkIsClient(client: unknown): void {
  if (isObject(client) && typeof client['duplicate'] === 'function' && isObject(client['options'])) {
    if (typeof client['isCluster'] === 'boolean') return;
    const given = 'not a client of ioredis';
    const fix = 'Leave this call out for node-redis: entraNodeRedisOptions keeps its clients logged in.';
    throw new EntraOptionsError('client', given, fix);
  }
  const given = isObject(client) ? 'not a client' : kindOf(client);
  throw new EntraOptionsError('client', given, 'Give what new Redis(…) or new Cluster(…) made.');
}

function notOurs(example: string): EntraOptionsError {
  return new EntraOptionsError('client', 'not made with entraRedisOptions', `Write ${example}.`);
}
