import type { ConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { ClientRoster } from './client-roster.js';
import { RedisLogins, type RedisLoginOptions, type RedisTokenSource } from './redis-logins.js';
import {
  checkHost,
  checkIsOptions,
  checkTlsOptions,
  refuseOptions,
  type RefusedOptions,
} from './server-checks.js';
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
  /** Port of the server. */
  port: number;
  /** TLS, which verifies the server. */
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
 * duplicates, the nodes of a cluster. A token goes only to a server whose TLS is verified. While no token is available,
 * the client waits and tries again, as it does without a network.
 *
 * Azure closes a connection when its token expires. Give the client to `keepAuthenticated`, and it will not.
 *
 * @param tokens whose token is the password
 * @param options where the server is, and any options of ioredis
 * @returns options for `new Redis(…)`, or for `redisOptions` of `new Cluster(…)`
 * @throws {UnknownResourceError} at once, for a name that is not configured
 * @throws {EntraOptionsError} for options that would let the token out, replace it, or belong elsewhere
 * @see https://learn.microsoft.com/azure/redis/entra-for-authentication
 */
export function entraRedisOptions<T extends EntraRedisOptions>(
  tokens: RedisTokenSource,
  options: T,
): Omit<T, OwnOption> & Pick<T, Extract<keyof T, 'host'>> & EntraRedisClientOptions {
  checkRedisOptions(options);
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

const example = 'Write new Redis(entraRedisOptions(tokens, { host })).';

const refused: RefusedOptions = {
  ...Object.fromEntries(
    clusterOptions.map((name) => [
      name,
      [
        'an option of a cluster',
        `Write new Cluster(nodes, { ${name}: …, redisOptions: entraRedisOptions(tokens, { … }) }).`,
      ],
    ]),
  ),
  ...Object.fromEntries(
    ['socket', 'rootNodes', 'defaults', 'credentialsProvider'].map((name) => [
      name,
      [
        'an option of node-redis',
        'Write createClient(entraNodeRedisOptions(tokens, { … })), or leave it out for ioredis.',
      ],
    ]),
  ),
  password: ['given', 'Leave it out: the access token is the password.'],
  Connector: ['given', 'Leave it out: the token comes with a connector of its own.'],
  path: ['a local socket, which has no TLS', 'Give "host" and "port".'],
  url: ['not an option of ioredis', 'Give "host" and "port".'],
  sentinels: ['not supported', 'Give "host" and "port": Azure has no sentinels.'],
};

/** @throws {EntraOptionsError} for options that would let the token out, replace it, or belong elsewhere */
export function checkRedisOptions(options: EntraRedisOptions): void {
  checkIsOptions(options, example);
  refuseOptions(options, refused);
  checkHost('host', options.host);
  if (options.dangerouslySendTokenWithoutVerifiedTls === true || options.tls === undefined) return;
  const fix = 'Leave it out, or give { ca } for a private certificate authority.';
  if (!isObject(options.tls)) throw new EntraOptionsError('tls', kindOf(options.tls), fix);
  checkTlsOptions(options.tls, 'tls.');
}
