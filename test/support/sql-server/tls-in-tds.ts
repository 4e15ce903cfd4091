import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { messageType, toPackets } from './tds-message.js';

const headerSize = 8;
/** The type of the TLS records that carry what both sides have to say once they have shaken hands. */
const applicationData = 0x17;

/**
 * The way of TLS through TDS 7.4: the handshake travels inside of PRELOGIN messages, one for each that came, and what
 * follows it as it is.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds
 */
export class TlsInTds extends Duplex {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #flight: Buffer[] = [];
  /** The handshake is over: what is not data, such as the alert of an end, goes as it is, too. */
  #isOver = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#isOver || bytes[0] === applicationData) this.#socket.write(bytes);
    else {
      // The records of a flight come one by one, and the client counts messages.
      if (this.#flight.length === 0) setImmediate(() => this.#send());
      this.#flight.push(bytes);
    }
    done();
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #send(): void {
    const payload = Buffer.concat(this.#flight);
    this.#flight = [];
    if (this.#socket.writable) this.#socket.write(toPackets(messageType.preLogin, payload));
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received[0] === messageType.preLogin) {
      if (this.#received.length < headerSize) return;
      const size = this.#received.readUInt16BE(2);
      if (this.#received.length < size) return;
      this.push(this.#received.subarray(headerSize, size));
      this.#received = this.#received.subarray(size);
    }
    if (this.#received.length === 0) return;
    this.#isOver = true;
    this.push(this.#received);
    this.#received = Buffer.alloc(0);
  }
}
