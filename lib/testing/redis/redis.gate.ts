import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { KeyAndCertificate } from '../certificates/certificate-authority.js';
import type { LocalRedis } from './local-redis.js';
import type { RedisProcess } from './redis.process.js';
import { encodeRequest, ProtocolError, RequestParser, type Request } from './request.parser.js';

/** By what the gate lets in. */
export interface GateSettings {
  /** @throws Error for a token that Azure would refuse */
  verifyToken(token: string): { oid?: string; exp: number };
  /** The clock that tokens are verified by. */
  now(): number;
}

const text = (part: Buffer | undefined): string => part?.toString('utf8') ?? '';

/**
 * Stands in front of a `redis-server` as Azure does: TLS only, access tokens as passwords, and the end of a connection
 * when the token of its last AUTH expires. Each token is a user of Redis, deleted at its end; Redis itself then closes
 * what is logged in as that user, also connections that are blocked or subscribed. AUTH keeps its place among the commands.
 */
export class RedisGate {
  readonly host = 'localhost';
  /** Accepted and refused logins so far. */
  readonly logins = { accepted: 0, refused: 0 };
  /** Connections that ended because their token did. */
  closedForExpiry = 0;
  /** Connections so far. */
  connections = 0;
  /** Answers the AUTH of these connections with WRONGPASS: of all, or of those that have logged in before. */
  refuses: LocalRedis['refuses'] = 'none';
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #users = new Map<string, Promise<string>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #password = randomBytes(12).toString('hex');

  constructor(
    private readonly redis: RedisProcess,
    certificate: KeyAndCertificate,
    private readonly settings: GateSettings,
  ) {
    this.#server = createServer(certificate, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends every connection, as a failover does. */
  closeConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.closeConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  /** Forgets the users of a `redis-server` that was started anew. */
  forgetUsers(): void {
    this.#users.clear();
  }

  #accept(client: TLSSocket): void {
    this.connections++;
    this.#sockets.add(client);
    const backend = connect(this.redis.socketPath);
    client.setNoDelay(true);
    for (const [socket, other] of [
      [client, backend],
      [backend, client],
    ] as const) {
      socket.on('error', () => undefined);
      // What one side has sent reaches the other, as it does without a gate between them.
      socket.on('close', () => other.destroySoon());
    }
    client.on('close', () => this.#sockets.delete(client));
    backend.pipe(client);
    const gate = this.#commands((bytes) => backend.write(bytes));
    let forwarded = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      forwarded = forwarded
        .then(() => gate(chunk))
        .catch((error: unknown) => {
          if (!(error instanceof ProtocolError)) client.destroy();
          else client.end(`-ERR Protocol error: ${error.message}\r\n`);
        });
    });
  }

  /** Passes commands on, with another login in AUTH and HELLO. */
  #commands(write: (bytes: Buffer) => void): (chunk: Buffer) => Promise<void> {
    const parser = new RequestParser();
    let isAuthenticated = false;
    return async (chunk) => {
      parser.push(chunk);
      for (let next; (next = parser.next(isAuthenticated)) !== undefined;) {
        const login = loginOf(next);
        if (login === undefined) {
          write(encodeRequest(next));
          continue;
        }
        const isRefused = this.refuses === 'all' || (this.refuses !== 'none' && isAuthenticated);
        const user = isRefused ? this.#refuse() : await this.#userFor(login.username, login.token);
        isAuthenticated ||= user !== undefined;
        write(encodeRequest(login.as(user ?? 'nobody', this.#password)));
      }
    };
  }

  /**
   * The user of Redis that stands for a token, or `undefined` for a token that Azure would refuse.
   *
   * @throws Error when `redis-server` has ended
   */
  async #userFor(username: string, token: string): Promise<string | undefined> {
    const expiresAt = this.#expiryOf(username, token);
    if (expiresAt === undefined) return this.#refuse();
    const user = createHash('sha256').update(token).digest('hex').slice(0, 16);
    const known = this.#users.get(user) ?? this.#addUser(user, expiresAt);
    this.#users.set(user, known);
    try {
      await known;
    } catch (error) {
      if (this.#users.get(user) === known) this.#users.delete(user);
      throw error;
    }
    this.logins.accepted++;
    return user;
  }

  /** When a token ends, or `undefined` for one that Azure would refuse to this user. */
  #expiryOf(username: string, token: string): number | undefined {
    try {
      const { oid, exp } = this.settings.verifyToken(token);
      return oid === username ? exp * 1000 : undefined;
    } catch {
      return undefined;
    }
  }

  #refuse(): undefined {
    this.logins.refused++;
    return undefined;
  }

  async #addUser(user: string, expiresAt: number): Promise<string> {
    await this.redis.command('ACL', 'SETUSER', user, 'on', `>${this.#password}`, '~*', '&*', '+@all');
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#removeUser(user).catch(() => undefined);
    }, expiresAt - this.settings.now());
    this.#timers.add(timer);
    return user;
  }

  async #removeUser(user: string): Promise<void> {
    const clients = await this.redis.command('CLIENT', 'LIST');
    this.closedForExpiry += clients.split(` user=${user} `).length - 1;
    await this.redis.command('ACL', 'DELUSER', user);
  }
}

interface Login {
  username: string;
  token: string;
  as(username: string, password: string): (string | Buffer)[];
}

/** Reads the login of AUTH and HELLO … AUTH. One without a user name is that of `default`. */
function loginOf(request: Request): Login | undefined {
  const [name = Buffer.alloc(0), ...parts] = request;
  const command = text(name).toUpperCase();
  if (command === 'AUTH' && (parts.length === 1 || parts.length === 2)) {
    const [username, token] = parts.length === 1 ? ['default', text(parts[0])] : parts.map(text);
    return {
      username: username ?? '',
      token: token ?? '',
      as: (user, password) => [name, user, password],
    };
  }
  const at = parts.findIndex((part) => text(part).toUpperCase() === 'AUTH');
  if (command !== 'HELLO' || at < 1 || at + 2 >= parts.length) return undefined;
  return {
    username: text(parts[at + 1]),
    token: text(parts[at + 2]),
    as: (user, password) => [name, ...parts.slice(0, at + 1), user, password, ...parts.slice(at + 3)],
  };
}
