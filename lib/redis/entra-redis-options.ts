import type { ConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { ClientRoster } from './client-roster.js';
import { RedisLogins, type RedisLoginOptions, type RedisTokenSource } from './redis-logins.js';
import { defaultPort, EntraRedisConnector, type ConnectorOptions } from './redis.connector.js';

/** Options of `entraRedisOptions`; every other option of ioredis may stand among them. */
export interface EntraRedisOptions extends RedisLoginOptions {
  /** Name of the server, which its certificate must have. Left out for the nodes of a cluster. @default 'localhost' */
  host?: string;
  /** @default 10000, as Azure Managed Redis has it; Azure Cache for Redis has 6380 */
  port?: number;
  /** What `node:tls` takes, such as `ca` and `servername`. @default the machine's certificate authorities */
  tls?: ConnectionOptions | false;
  /**
   * Opens `tls: false`, `rejectUnauthorized: false` and a `checkServerIdentity` of your own. **Another server that answers in
   * its place gets the token, and can log in with it everywhere that the identity can.**
   *
   * @default false
   */
  dangerouslySendTokenWithoutVerifiedTls?: boolean;
}

/** What `entraRedisOptions` adds to the options that it is given. */
export interface EntraRedisClientOptions {
  port: number;
  tls: ConnectionOptions;
  /** A connector of ioredis. Of this type it fits every version. */
  Connector: never;
}

type OwnOption = keyof EntraRedisOptions | 'Connector';

const clusterOptions = [
  'redisOptions',
  'clusterRetryStrategy',
  'clusterNodeRetryStrategy',
  'dnsLookup',
  'natMap',
  'scaleReads',
  'slotsRefreshTimeout',
  'slotsRefreshInterval',
  'shardedSubscribers',
  'useSRVRecords',
];

/**
 * Options of ioredis (5.11 and 6) that log each connection in with an access token: the first, reconnections,
 * duplicates, the nodes of a cluster. A token goes only to a server whose TLS is verified. While no token can be had,
 * the client waits and tries again, as it does without a network.
 *
 * Azure closes a connection when its token expires. Give the client to `keepAuthenticated`, and it will not.
 *
 * @param tokens whose token is the password
 * @param options where the server is, and any options of ioredis
 * @returns options for `new Redis(…)`, or for `redisOptions` of `new Cluster(…)`
 * @throws {UnknownResourceError} at once, when there is no such resource
 * @throws {EntraOptionsError} for options that would let the token out, replace it, or belong elsewhere
 * @see https://learn.microsoft.com/azure/redis/entra-for-authentication
 */
export function entraRedisOptions<T extends EntraRedisOptions>(
  tokens: RedisTokenSource,
  options: T,
): Omit<T, OwnOption> & Pick<T, Extract<keyof T, 'host'>> & EntraRedisClientOptions {
  checkOptions(options);
  const { resource, username, dangerouslySendTokenWithoutVerifiedTls, ...others } = options;
  const logins = new RedisLogins(tokens, { resource, username });
  const settings = {
    tokens,
    logins,
    clients: new ClientRoster(logins),
    verify: dangerouslySendTokenWithoutVerifiedTls !== true,
  };
  const Connector = class extends EntraRedisConnector {
    constructor(clientOptions: ConnectorOptions) {
      super(settings, clientOptions);
    }
  };
  return {
    ...others,
    port: options.port ?? defaultPort,
    tls: options.tls ?? {},
    Connector: Connector as never,
  } as never;
}

/** @throws {EntraOptionsError} */
function checkOptions(options: EntraRedisOptions): void {
  if (!isObject(options)) {
    throw new EntraOptionsError('options', kindOf(options), 'Give { host }, and any options of ioredis.');
  }
  const refuse = (name: string, given: string, fix: string): void => {
    if (options[name] !== undefined) throw new EntraOptionsError(name, given, fix);
  };
  for (const name of clusterOptions) {
    const fix = `Write new Cluster(nodes, { ${name}: …, redisOptions: entraRedisOptions(tokens, { … }) }).`;
    refuse(name, 'an option of a cluster', fix);
  }
  refuse('password', 'given', 'Leave it out: the access token is the password.');
  refuse('Connector', 'given', 'Leave it out: the token comes with a connector of its own.');
  refuse('path', 'a local socket, which has no TLS', 'Give "host" and "port".');
  refuse('url', 'not an option of ioredis', 'Give "host" and "port".');
  refuse('sentinels', 'not supported', 'Give "host" and "port": Azure has no sentinels.');
  checkHost(options['host']);
  if (options['dangerouslySendTokenWithoutVerifiedTls'] !== true) checkTls(options['tls']);
}

function checkHost(host: unknown): void {
  if (host === undefined || (typeof host === 'string' && /^[\w.:-]+$/.test(host) && !host.includes('//')))
    return;
  const fix = 'Give the name alone, such as "name.region.redis.azure.net"; the port is an option of its own.';
  throw new EntraOptionsError('host', typeof host === 'string' ? 'not a host name' : kindOf(host), fix);
}

function checkTls(tls: unknown): void {
  if (tls === undefined) return;
  const fix = 'Leave it out, or give { ca } for a private certificate authority.';
  if (!isObject(tls)) throw new EntraOptionsError('tls', kindOf(tls), fix);
  if (tls['rejectUnauthorized'] === false)
    throw new EntraOptionsError('tls.rejectUnauthorized', 'false', fix);
  if (tls['checkServerIdentity'] !== undefined) {
    throw new EntraOptionsError(
      'tls.checkServerIdentity',
      'given',
      'Leave it out, or give the "servername" of the certificate.',
    );
  }
}
