import { Socket } from 'node:net';

import { untilAborted } from '../common/deadline.js';
import { EntraOptionsError, EntraTimeoutError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { RedisLoginRefusedError } from './redis-login-refused.error.js';
import type { ClientRoster } from './client-roster.js';
import type { RedisLogin, RedisLogins } from './redis-logins.js';
import { openSession, type RedisServerTarget, type RedisSession } from './redis-session.js';

/** What all clients of one `entraRedisOptions` have in common. */
export interface ConnectorSettings {
  /** Where the logins come from. */
  readonly tokens: object;
  readonly logins: RedisLogins;
  /** The clients that are kept logged in. */
  readonly clients: ClientRoster;
  /** Whether servers must be verified. */
  readonly verify: boolean;
}

/** What ioredis gives to a connector: the options of one client. */
export interface ConnectorOptions {
  host?: string;
  port?: number;
  family?: number;
  tls?: RedisServerTarget['tls'];
  password?: unknown;
  connectTimeout?: number;
  disconnectTimeout?: number;
}

/** The option `Connector` of ioredis. */
export type EntraRedisConnectorClass = new (options: ConnectorOptions) => EntraRedisConnector;

const connectorsByOptions = new WeakMap<object, EntraRedisConnector>();

/** The connector of a client, by the client's own options. */
export function connectorOf(options: object): EntraRedisConnector | undefined {
  return connectorsByOptions.get(options);
}

/**
 * Opens the connections of one client of ioredis, and logs each in before the client sees it: the token is in no
 * option and no command of the client.
 */
export class EntraRedisConnector {
  /** Why the last connection failed; ioredis emits it. */
  firstError: Error | undefined;
  // Private, so that no inspection of a client comes to the token.
  #session: RedisSession | undefined;
  #next: RedisSession | undefined;
  readonly #options: ConnectorOptions;
  #attempt: AbortController | undefined;

  constructor(
    readonly settings: ConnectorSettings,
    options: ConnectorOptions,
  ) {
    if (options.password !== undefined && options.password !== null) {
      throw new EntraOptionsError('password', 'given', 'Leave it out: the access token is the password.');
    }
    this.#options = options;
    connectorsByOptions.set(options, this);
  }

  /** The last connection. */
  get session(): RedisSession | undefined {
    return this.#session;
  }

  /** Called by ioredis with the reply to INFO. */
  check(): boolean {
    return true;
  }

  /** Never rejects, or the client would end: it gets a connection that has ended already, and tries again. */
  async connect(): Promise<Socket> {
    this.firstError = undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { connectTimeout = 10_000 } = this.#options;
    const timer = setTimeout(() => attempt.abort(tooSlow(connectTimeout)), connectTimeout || 10_000);
    try {
      this.#session = this.#takeNext() ?? (await this.#openWithCurrent(attempt.signal));
      return this.#session.socket;
    } catch (error) {
      if (attempt.signal.reason !== disconnected) this.firstError = asError(error);
      return new Socket().destroy();
    } finally {
      clearTimeout(timer);
      this.#attempt = undefined;
    }
  }

  disconnect(): void {
    this.#attempt?.abort(disconnected);
    const socket = this.#session?.socket;
    if (socket === undefined || socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), this.#options.disconnectTimeout ?? 2_000);
    socket.once('close', () => clearTimeout(timer));
    socket.end();
  }

  /** Where the connections go. */
  get server(): string {
    const { host, port } = this.#target();
    return `${host}:${port}`;
  }

  /**
   * Opens a further connection to the same server.
   *
   * @throws {RedisLoginRefusedError} when the server refuses the login, which is reported then
   */
  async open(login: RedisLogin, signal: AbortSignal): Promise<RedisSession> {
    try {
      return await openSession(this.#target(), login, signal);
    } catch (error) {
      if (error instanceof RedisLoginRefusedError) this.settings.logins.refused(login, error);
      throw error;
    }
  }

  /** Gives this connection to the client when it connects the next time. */
  connectNextWith(session: RedisSession | undefined): void {
    this.#next?.socket.destroy();
    this.#next = session;
  }

  #takeNext(): RedisSession | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next?.socket.destroyed === false ? next : undefined;
  }

  async #openWithCurrent(signal: AbortSignal): Promise<RedisSession> {
    return this.open(await untilAborted(this.settings.logins.current(), signal), signal);
  }

  /** Read for each connection: ioredis changes the options of a client that it leads elsewhere. */
  #target(): RedisServerTarget {
    const { host = 'localhost', port = defaultPort, family, tls = {} } = this.#options;
    return { host, port, family, tls, verify: this.settings.verify };
  }
}

/** Port of Azure Managed Redis. */
export const defaultPort = 10_000;

const disconnected = new Error('The client was disconnected.');

function tooSlow(timeoutInMs: number): Error {
  return new EntraTimeoutError('The connection to Redis', timeoutInMs, 'Check host, port and network.');
}
