import type { ConnectionOptions } from 'node:tls';

import { untilAborted } from '../common/deadline.js';
import { checkRedisOptions } from './entra-redis-options.js';
import { RedisLoginRefusedError } from './redis-login-refused.error.js';
import { RedisLogins, type RedisLoginOptions, type RedisTokenSource } from './redis-logins.js';
import {
  encodeCommand,
  openSession,
  untilSettled,
  type RedisServerTarget,
  type RedisSession,
} from './redis-session.js';
import { defaultPort } from './redis.connector.js';

/** Which Redis to log in to. */
export interface RedisProbeOptions extends RedisLoginOptions {
  /** Name of the server, which its certificate must have. */
  host: string;
  /** @default 10000, as Azure Managed Redis has it */
  port?: number;
  /** What `node:tls` takes, such as `ca` and `servername`. */
  tls?: ConnectionOptions;
}

/** A login to Redis by a new connection, which asks for a PONG. */
export class RedisProbe {
  readonly #target: RedisServerTarget;
  readonly #logins: RedisLogins;

  /**
   * @throws {EntraOptionsError} for options that would let the token out
   * @throws {UnknownResourceError} for a name that is not configured
   */
  constructor(tokens: RedisTokenSource, { host, port = defaultPort, tls = {}, ...login }: RedisProbeOptions) {
    checkRedisOptions({ host, tls });
    this.#target = { host, port, tls, verify: true };
    this.#logins = new RedisLogins(tokens, login);
  }

  /**
   * @param signal ends it
   * @throws {RedisLoginRefusedError} when the login is refused, which is reported then
   */
  async run(signal: AbortSignal): Promise<void> {
    const login = await untilAborted(this.#logins.current(), signal);
    try {
      const session = await openSession(this.#target, login, signal);
      try {
        await ping(session, signal);
      } finally {
        session.socket.destroy();
      }
    } catch (error) {
      if (error instanceof RedisLoginRefusedError) this.#logins.refused(login, error);
      throw error;
    }
  }
}

async function ping({ socket }: RedisSession, signal: AbortSignal): Promise<void> {
  const reply = await untilSettled<string>(socket, signal, (resolve) => {
    const onData = (chunk: Buffer): void => resolve(chunk.toString('latin1'));
    socket.on('data', onData).resume();
    socket.write(encodeCommand(['PING']));
    return () => socket.off('data', onData);
  });
  if (!reply.startsWith('+PONG')) throw new Error(`The reply to PING is ${reply.trim().slice(0, 100)}.`);
}
