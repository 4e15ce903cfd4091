import { asError } from '../common/thrown.js';
import { encodeAuth, encodeCommand, type RedisSession } from './redis-session.js';
import type { LiveConnection } from './client-roster.js';
import { sendAuth, type RedisClient } from './redis-client.js';
import type { RedisLogin } from './redis-logins.js';
import { handOver, type SubscribedClient } from './subscriber-handover.js';
import type { EntraRedisConnector } from './redis.connector.js';

// How long before the end of a token an AUTH that still waits behind a block is helped: this share of what was left.
const shareForUnblocking = 0.25;
const longestForUnblockingInMs = 10_000;
const unblockIntervalInMs = 250;

/** A client of ioredis whose connection presents each new token. */
export class KeptClient implements LiveConnection {
  readonly #client: RedisClient;
  readonly #connector: EntraRedisConnector;
  /** The login that an AUTH under way presents. */
  #pending: RedisLogin | undefined;
  #isHandingOver = false;
  #unblocking: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, connector: EntraRedisConnector) {
    this.#client = client;
    this.#connector = connector;
  }

  start(): void {
    const { clients } = this.#connector.settings;
    this.#client.on('ready', () => this.#opened());
    this.#client.on('close', () => {
      clients.remove(this);
      this.#settled();
    });
    if (this.#client.status === 'ready') this.#opened();
  }

  present(login: RedisLogin): boolean {
    const session = this.#connector.session;
    if (session === undefined || this.#client.status !== 'ready') return false;
    if ([session.login, this.#pending].some((known) => known?.token.token === login.token.token))
      return false;
    if (this.#client.mode === 'subscriber') void this.#connectAnew();
    else void this.#authenticate(session, login);
    return true;
  }

  /** A token may have come between the login of a connection and its first command. */
  #opened(): void {
    const { clients } = this.#connector.settings;
    clients.add(this);
    void clients.present(this).catch(() => undefined);
  }

  async #connectAnew(): Promise<void> {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    const session = this.#connector.session;
    try {
      await handOver(this.#client as SubscribedClient);
    } catch {
      // No second subscriber: then there is a gap, but a connection that lasts.
      if (this.#connector.session === session) this.#client.disconnect(true);
    } finally {
      this.#isHandingOver = false;
    }
  }

  async #authenticate(session: RedisSession, login: RedisLogin): Promise<void> {
    this.#pending = login;
    this.#helpInTime(session, login);
    try {
      await sendAuth(this.#client, login.username, () => encodeAuth(this.#newest(login)));
      session.login = login;
    } catch (error) {
      if (asError(error).message.startsWith('WRONGPASS'))
        this.#connector.settings.logins.refused(login.token);
      // It became a subscriber of RESP2 meanwhile. What else can go wrong ends the connection.
      if (this.#connector.session === session && this.#client.mode === 'subscriber')
        this.#client.disconnect(true);
    } finally {
      if (this.#pending === login) this.#settled();
    }
  }

  /** The command is written again after a reconnection, when the connection has a later login already. */
  #newest(login: RedisLogin): RedisLogin {
    const present = this.#connector.session?.login ?? login;
    return present.token.expiresOnTimestamp > login.token.expiresOnTimestamp ? present : login;
  }

  #helpInTime(session: RedisSession, login: RedisLogin): void {
    clearTimeout(this.#unblocking);
    const left = session.login.token.expiresOnTimestamp - Date.now();
    const margin = Math.min(left * shareForUnblocking, longestForUnblockingInMs);
    this.#unblockAfter(left - margin, session, login);
  }

  #unblockAfter(delayInMs: number, session: RedisSession, login: RedisLogin): void {
    const longestDelayInMs = 2 ** 31 - 1;
    this.#unblocking = setTimeout(
      () => {
        void this.#unblock(session, login).finally(() => {
          if (this.#pending === login) this.#unblockAfter(unblockIntervalInMs, session, login);
        });
      },
      Math.min(Math.max(delayInMs, unblockIntervalInMs), longestDelayInMs),
    );
    this.#unblocking.unref();
  }

  /** Ends what blocks the connection, from a second one. */
  async #unblock({ clientId }: RedisSession, login: RedisLogin): Promise<void> {
    if (clientId === undefined) return;
    try {
      const { socket } = await this.#connector.openAnother(login, AbortSignal.timeout(5_000));
      socket.end(encodeCommand(['CLIENT', 'UNBLOCK', clientId]));
      socket.resume();
    } catch {
      // The server closes the connection at the end of its token then, and the client connects anew.
    }
  }

  #settled(): void {
    this.#pending = undefined;
    clearTimeout(this.#unblocking);
    this.#unblocking = undefined;
  }
}
