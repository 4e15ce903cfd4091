import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject } from '../common/option-checks.js';
import type { RedisClient, RedisCluster } from './redis-client.js';
import type { ConnectorOptions, EntraRedisConnectorClass } from './redis.connector.js';

const mostRetries = 3;
const firstDelayInMs = 50;

/** What is used of a client by which a cluster subscribes. */
interface SubscribingClient extends RedisClient {
  connector: unknown;
  readonly options: ConnectorOptions & { Connector?: unknown; retryStrategy?: unknown };
}

/**
 * Gives the connector of a cluster's nodes to the connection by which it subscribes, and to each that takes its place: ioredis
 * (5.11 and 6) makes it with few of the nodes' options, and connects it later.
 *
 * @param keep called with each such client
 * @throws {EntraOptionsError} for a cluster that has no such connection, of another version of ioredis
 */
export function adoptSubscriber(
  cluster: RedisCluster,
  Connector: EntraRedisConnectorClass,
  keep: (client: RedisClient) => void,
): void {
  const owner: unknown = Reflect.get(cluster, 'subscriber');
  if (!isObject(owner) || !('subscriber' in owner)) {
    throw new EntraOptionsError(
      'client',
      'a cluster of an unknown version of ioredis',
      'Use ioredis 5.11 or 6.',
    );
  }
  const adopt = (client: SubscribingClient): void => {
    giveConnector(client, Connector);
    keep(client);
  };
  let current = owner['subscriber'] as SubscribingClient | null;
  if (current !== null) adopt(current);
  Object.defineProperty(owner, 'subscriber', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (client: SubscribingClient | null) => {
      current = client;
      if (client !== null) adopt(client);
    },
  });
}

function giveConnector(client: SubscribingClient, Connector: EntraRedisConnectorClass): void {
  // One that has connected already could not log in; the cluster takes another in its place.
  if (client.status !== 'wait' && client.status !== 'end') client.disconnect();
  client.options.Connector = Connector;
  // The cluster looks for another node at once, without an end, when this one connects no more.
  client.options.retryStrategy = (times: number) =>
    times > mostRetries ? null : firstDelayInMs * 2 ** times;
  client.connector = new Connector(client.options);
}
