import { randomBytes } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

import { asError } from '../common/thrown.js';
import { checkTls, insecureConnection } from './server-checks.js';

/** A connection that kafkajs asks for. */
export interface KafkaJsDestination {
  host: string;
  port: number;
  ssl: ConnectionOptions;
  onConnect: () => void;
}

const keepAliveInMs = 60_000;

/**
 * Makes the connections of kafkajs, which shows none of them to what logs in. A login is written with random bytes in
 * place of its message, and a socket puts the message there once its server is verified: no other connection can send it.
 */
export class VerifiedSockets {
  readonly #messages = new Map<Buffer, Buffer>();

  /**
   * The option `socketFactory` of kafkajs.
   *
   * @throws {EntraOptionsError} for TLS that is not verified
   */
  readonly connect = ({ host, port, ssl, onConnect }: KafkaJsDestination): Socket => {
    checkTls(ssl);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...servername, ...ssl }, onConnect);
    socket.setKeepAlive(true, keepAliveInMs);
    this.#fillIn(socket);
    return socket;
  };

  /**
   * Sends a message by what the client does with the bytes in its place.
   *
   * @throws {InsecureConnectionError} when the bytes were answered, and no verified socket had replaced them
   */
  async send(message: Buffer, exchange: (placeholder: Buffer) => Promise<unknown>): Promise<void> {
    const placeholder = randomBytes(message.length);
    this.#messages.set(placeholder, message);
    const failure = await exchange(placeholder).then(() => undefined, asError);
    const isSent = !this.#messages.delete(placeholder);
    // Of the errors of kafkajs, a broker's refusal is not retriable, and the end of a connection is.
    const isAnswered = failure === undefined || Reflect.get(failure, 'retriable') === false;
    if (!isSent && isAnswered) {
      const fix = 'Give the client "ssl" and "socketFactory" as entraOauthBearer returned them.';
      throw Object.assign(insecureConnection(fix), { retriable: false });
    }
    if (failure !== undefined) throw failure;
  }

  #fillIn(socket: TLSSocket): void {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    const writeFilledIn = (chunk: unknown, ...rest: unknown[]): boolean =>
      write(socket.authorized && Buffer.isBuffer(chunk) ? this.#filledIn(chunk) : chunk, ...rest);
    socket.write = writeFilledIn;
  }

  #filledIn(chunk: Buffer): Buffer {
    for (const [placeholder, message] of this.#messages) {
      const start = chunk.indexOf(placeholder);
      if (start === -1) continue;
      this.#messages.delete(placeholder);
      return Buffer.concat([chunk.subarray(0, start), message, chunk.subarray(start + placeholder.length)]);
    }
    return chunk;
  }
}
