import { asError } from '../common/thrown.js';
import type { LiveConnection } from './client-roster.js';
import { LoginRetry } from './login-retry.js';
import { reconnectNow, sendAuth, type RedisClient } from './redis-client.js';
import { RedisLoginRefusedError } from './redis-login-refused.error.js';
import type { RedisLogin } from './redis-logins.js';
import { encodeAuth, type RedisSession } from './redis-session.js';
import type { EntraRedisConnector } from './redis.connector.js';
import { handOver, type SubscribedClient } from './subscriber-handover.js';
import { Unblocking } from './unblocking.js';

const replacementTimeoutInMs = 5_000;

/** A client of ioredis whose connection presents each new token. */
export class KeptClient implements LiveConnection {
  readonly #client: RedisClient;
  readonly #connector: EntraRedisConnector;
  readonly #unblocking: Unblocking;
  readonly #retry = new LoginRetry();
  /** The login that an AUTH under way presents. */
  #pending: RedisLogin | undefined;
  #isHandingOver = false;

  constructor(client: RedisClient, connector: EntraRedisConnector) {
    this.#client = client;
    this.#connector = connector;
    this.#unblocking = new Unblocking(connector);
  }

  start(): void {
    const { clients } = this.#connector.settings;
    this.#client.on('ready', () => this.#opened());
    this.#client.on('close', () => {
      clients.remove(this);
      this.#settled();
      this.#retry.stop();
    });
    this.#client.on('end', () => this.#connector.connectNextWith(undefined));
    if (this.#client.status === 'ready') this.#opened();
  }

  present(login: RedisLogin): boolean {
    const session = this.#connector.session;
    if (session === undefined || this.#client.status !== 'ready') return false;
    if ([session.login, this.#pending].some((known) => known?.token.token === login.token.token))
      return false;
    if (this.#client.mode === 'subscriber') void this.#handOver(session);
    else void this.#authenticate(session, login);
    return true;
  }

  /** A token may have come between the login of a connection and its first command. */
  #opened(): void {
    const { clients } = this.#connector.settings;
    clients.add(this);
    void clients.present(this).catch(() => undefined);
  }

  /** A subscriber of RESP2 can send no AUTH: it connects anew. */
  async #handOver(session: RedisSession): Promise<void> {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    try {
      await handOver(this.#client as SubscribedClient);
    } catch {
      // No second subscriber now. The connection itself serves until its token ends.
      this.#planRetry(session);
    } finally {
      this.#isHandingOver = false;
    }
  }

  async #authenticate(session: RedisSession, login: RedisLogin): Promise<void> {
    this.#pending = login;
    this.#unblocking.start(session, login);
    try {
      const reply = await sendAuth(this.#client, login.username, () => encodeAuth(this.#newest(login)));
      if (reply === 'OK') {
        session.login = login;
        this.#retry.stop();
      } else {
        // Queued in a transaction that may never be executed.
        this.#planRetry(session);
      }
    } catch (error) {
      if (this.#serves(session)) this.#refused(session, login, asError(error));
    } finally {
      if (this.#pending === login) this.#settled();
    }
  }

  #refused(session: RedisSession, login: RedisLogin, { message }: Error): void {
    // It became a subscriber of RESP2 meanwhile, which is not a fault.
    if (this.#client.mode !== 'subscriber') {
      const { server, settings } = this.#connector;
      settings.logins.refused(login, new RedisLoginRefusedError(server, login.username, message));
    }
    this.#planRetry(session);
  }

  /** While a valid token is held, the login is tried again, and the connection replaced before it would be closed. */
  #planRetry(session: RedisSession): void {
    if (!this.#serves(session)) return;
    const { clients } = this.#connector.settings;
    this.#retry.plan(
      session.login.token.expiresOnTimestamp,
      () => void clients.present(this).catch(() => undefined),
      () => void this.#replace(session),
    );
  }

  async #replace(session: RedisSession): Promise<void> {
    try {
      const login = await this.#connector.settings.logins.current();
      const next = await this.#connector.open(login, AbortSignal.timeout(replacementTimeoutInMs));
      if (!this.#serves(session)) return void next.socket.destroy();
      this.#connector.connectNextWith(next);
      reconnectNow(this.#client);
    } catch {
      // A refusal is reported already; without a token the next one comes with an event of its own.
      this.#planRetry(session);
    }
  }

  #serves(session: RedisSession): boolean {
    return this.#connector.session === session && this.#client.status === 'ready';
  }

  /** The command is written again after a reconnection, when the connection has a later login already. */
  #newest(login: RedisLogin): RedisLogin {
    const present = this.#connector.session?.login ?? login;
    return present.token.expiresOnTimestamp > login.token.expiresOnTimestamp ? present : login;
  }

  #settled(): void {
    this.#pending = undefined;
    this.#unblocking.stop();
  }
}
