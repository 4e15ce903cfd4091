import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { CredentialsProvider } from './credentials-provider.js';
import type { EntraRedisCredentials } from './entra-redis-credentials.js';
import { RedisLogins, type RedisLoginOptions, type RedisTokenSource } from './redis-logins.js';
import { defaultPort } from './redis.connector.js';
import {
  checkHost,
  checkIsOptions,
  checkTlsOptions,
  refuseOptions,
  type RefusedOptions,
} from './server-checks.js';
import { VerifiedConnections } from './verified-connections.js';

interface OwnOptions extends RedisLoginOptions {
  /**
   * Opens `tls: false`, `redis://`, `rejectUnauthorized: false` and a `checkServerIdentity` of your own. **Another server that
   * answers in its place gets the token, and can log in with it everywhere that the identity can.**
   *
   * @default false
   */
  dangerouslySendTokenWithoutVerifiedTls?: boolean;
}

/** Where a client of node-redis connects to. */
interface NodeRedisServer {
  /** `rediss://host:port`, in place of `socket.host` and `socket.port`. */
  url?: string;
  /** `host`, `port` (default: 10000, as Azure Managed Redis has it), and what `node:tls` takes, such as `ca`. */
  socket?: object;
}

/** Options of `entraNodeRedisOptions`; every other option of `createClient` may stand among them. */
export interface EntraNodeRedisOptions extends OwnOptions, NodeRedisServer {
  /** Version of the protocol. */
  RESP?: 2 | 3;
}

/** Options of `entraNodeRedisOptions`; every other option of `createCluster` may stand among them. */
export interface EntraNodeRedisClusterOptions extends OwnOptions {
  /** Nodes by which the cluster is found. */
  rootNodes: NodeRedisServer[];
  /** What every node of the cluster is connected with. */
  defaults?: NodeRedisServer;
  /** Version of the protocol. */
  RESP?: 2 | 3;
}

type Kept<T> = Omit<T, keyof OwnOptions | 'socket' | 'defaults'>;
type SocketOf<T> = T extends { socket: infer S extends object } ? S : object;

/** What `entraNodeRedisOptions` adds to the options that it is given. */
export interface EntraNodeRedisClientOptions<S extends object = object> {
  /** Where to connect, by verified TLS. */
  socket: Omit<S, 'tls' | 'port'> & { tls: true; port: number };
  /** Gives each connection its login, and renews it. */
  credentialsProvider: EntraRedisCredentials;
}

/**
 * Options of `redis` (node-redis 5.12 and 6), and of what is built on it, by which clients log in to Azure Managed Redis with
 * access tokens: each new connection presents the token that is valid at that moment, and each open one the next token as
 * soon as there is one. A token goes only to a server whose TLS is verified. The client hears of no error while a valid
 * token is held.
 *
 * @param tokens whose token is the password
 * @param options where the server is, and any options of the client or cluster
 * @returns options for `createClient`, `createClientPool` and `createCluster`
 * @throws {UnknownResourceError} at once, for a name that is not configured
 * @throws {EntraOptionsError} for options that would let the token out, replace it, or belong elsewhere
 * @see https://learn.microsoft.com/azure/redis/entra-for-authentication
 */
export function entraNodeRedisOptions<T extends EntraNodeRedisClusterOptions>(
  tokens: RedisTokenSource,
  options: T,
): Kept<T> & {
  defaults: Omit<T['defaults'], 'socket'> & EntraNodeRedisClientOptions<SocketOf<T['defaults']>>;
};
export function entraNodeRedisOptions<T extends EntraNodeRedisOptions>(
  tokens: RedisTokenSource,
  options: T,
): Kept<T> & EntraNodeRedisClientOptions<SocketOf<T>>;
export function entraNodeRedisOptions(
  tokens: RedisTokenSource,
  options: EntraNodeRedisOptions | EntraNodeRedisClusterOptions,
): object {
  checkIsOptions(options, 'Write createClient(entraNodeRedisOptions(tokens, { socket: { host } })).');
  const { resource, username, dangerouslySendTokenWithoutVerifiedTls, ...others } = options;
  const logins = new RedisLogins(tokens, { resource, username });
  const verify = dangerouslySendTokenWithoutVerifiedTls !== true;
  if (!('rootNodes' in others)) {
    refuseOptions(others, refusedOutsideClusters);
    return { ...others, ...loggingIn(others, '', logins, verify) };
  }
  refuseOptions(others, refusedInClusters);
  const { rootNodes, defaults = {} } = others;
  if (!Array.isArray(rootNodes)) {
    throw new EntraOptionsError('rootNodes', kindOf(rootNodes), 'Give an array of { url } or { socket }.');
  }
  rootNodes.forEach((node, n) => checkServer(node, `rootNodes[${n}].`, verify));
  return { ...others, defaults: { ...defaults, ...loggingIn(defaults, 'defaults.', logins, verify) } };
}

function loggingIn(server: NodeRedisServer, within: string, logins: RedisLogins, verify: boolean): object {
  checkServer(server, within, verify);
  const { socket = {}, url } = server;
  const given: unknown = Reflect.get(socket, 'host');
  const host = typeof given === 'string' ? given : hostOf(url);
  const port = { port: defaultPort };
  if (!verify) {
    const anything = { server: host, check: () => undefined };
    const tls = { tls: url === undefined || url.startsWith('rediss:') };
    return {
      socket: { ...port, ...tls, ...socket },
      credentialsProvider: new CredentialsProvider(logins, anything).asOption(),
    };
  }
  const connections = new VerifiedConnections(host);
  const { checkServerIdentity } = connections;
  return {
    socket: { ...port, ...socket, tls: true, rejectUnauthorized: true, checkServerIdentity },
    credentialsProvider: new CredentialsProvider(logins, connections).asOption(),
  };
}

const refused: RefusedOptions = {
  password: ['given', 'Leave it out: the access token is the password.'],
  credentialsProvider: ['given', 'Leave it out: the token comes with a provider of its own.'],
  host: ['not an option of node-redis', 'Write socket: { host, port }.'],
  port: ['not an option of node-redis', 'Write socket: { host, port }.'],
  tls: ['not an option of node-redis', 'Leave it out; a "ca" belongs into "socket".'],
};

const cluster =
  'Write createCluster(entraNodeRedisOptions(tokens, { rootNodes, defaults: { socket: { … } } })).';

const refusedOutsideClusters: RefusedOptions = {
  defaults: ['an option of a cluster', cluster],
  nodeAddressMap: ['an option of a cluster', cluster],
  useReplicas: ['an option of a cluster', cluster],
  minimizeConnections: ['an option of a cluster', cluster],
  sentinelRootNodes: ['not supported', 'Give "socket": Azure has no sentinels.'],
};

const refusedInClusters: RefusedOptions = {
  socket: ['not an option of a cluster', cluster],
  url: ['not an option of a cluster', cluster],
  password: ['given', 'Leave it out: the access token is the password.'],
};

/** @throws {EntraOptionsError} */
function checkServer(server: unknown, within: string, verify: boolean): void {
  const path = within === '' ? 'options' : within.slice(0, -1);
  if (!isObject(server)) throw new EntraOptionsError(path, kindOf(server), 'Give { socket: { host } }.');
  refuseOptions(server, refused, within);
  const { url, socket = {} } = server;
  if (!isObject(socket)) throw new EntraOptionsError(`${within}socket`, kindOf(socket), 'Give { host }.');
  checkHost(`${within}socket.host`, socket['host']);
  checkUrl(url, `${within}url`, verify);
  if (!verify) return;
  refuseOptions(
    socket,
    { path: ['a local socket, which has no TLS', 'Give "host" and "port".'] },
    `${within}socket.`,
  );
  if (socket['tls'] !== undefined && socket['tls'] !== true) {
    const fix = 'Leave it out, and give "ca" next to "host" for a private certificate authority.';
    throw new EntraOptionsError(`${within}socket.tls`, kindOf(socket['tls']), fix);
  }
  checkTlsOptions(socket, `${within}socket.`);
}

function checkUrl(url: unknown, path: string, verify: boolean): void {
  if (url === undefined) return;
  const fix = 'Write rediss://host:port, without user and password.';
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) throw new EntraOptionsError(path, 'not a URL', fix);
  if (parsed.username !== '' || parsed.password !== '') {
    throw new EntraOptionsError(path, 'a URL with a user or a password', fix);
  }
  if (verify && parsed.protocol !== 'rediss:') throw new EntraOptionsError(path, 'a URL without TLS', fix);
}

function hostOf(url: string | undefined): string {
  return url === undefined ? 'localhost' : new URL(url).host;
}
