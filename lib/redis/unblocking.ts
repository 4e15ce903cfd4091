import { delayUntil, systemClock, unref, type Clock, type TimerHandle } from '../common/clock.js';
import { encodeCommand, type RedisSession } from './redis-session.js';
import type { RedisLogin } from './redis-logins.js';
import type { EntraRedisConnector } from './redis.connector.js';

// How long before the end of a token an AUTH that still waits behind a block is helped: this share of what was left.
const shareForUnblocking = 0.25;
const longestForUnblockingInMs = 10_000;
const intervalInMs = 250;

/** Ends what blocks a connection, when an AUTH waits behind it and the connection's token is about to end. */
export class Unblocking {
  readonly #connector: EntraRedisConnector;
  readonly #clock: Clock;
  #timer: TimerHandle;
  /** The AUTH that waits. */
  #waiting: RedisLogin | undefined;

  constructor(connector: EntraRedisConnector, clock: Clock = systemClock) {
    this.#connector = connector;
    this.#clock = clock;
  }

  start(session: RedisSession, login: RedisLogin): void {
    this.stop();
    this.#waiting = login;
    const now = this.#clock.now();
    const end = session.login.token.expiresOnTimestamp;
    const margin = Math.min((end - now) * shareForUnblocking, longestForUnblockingInMs);
    this.#unblockAfter(delayUntil(end - margin, now), session, login);
  }

  stop(): void {
    this.#waiting = undefined;
    this.#clock.clearTimeout(this.#timer);
  }

  #unblockAfter(delayInMs: number, session: RedisSession, login: RedisLogin): void {
    this.#timer = this.#clock.setTimeout(
      () => {
        void this.#unblock(session, login).finally(() => {
          if (this.#waiting === login) this.#unblockAfter(intervalInMs, session, login);
        });
      },
      Math.max(delayInMs, intervalInMs),
    );
    unref(this.#timer);
  }

  /** Sends CLIENT UNBLOCK from a second connection. */
  async #unblock({ clientId }: RedisSession, login: RedisLogin): Promise<void> {
    if (clientId === undefined) return;
    try {
      const { socket } = await this.#connector.open(login, AbortSignal.timeout(5_000));
      socket.end(encodeCommand(['CLIENT', 'UNBLOCK', clientId]));
      socket.resume();
    } catch {
      // The server closes the connection at the end of its token then, and the client connects anew.
    }
  }
}
