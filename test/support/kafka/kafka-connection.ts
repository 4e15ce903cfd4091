import type { TLSSocket } from 'node:tls';

import type { ManualClock } from 'nestjs-entra-auth/testing';

import {
  apiKey,
  compactString,
  int16,
  int32,
  int64,
  int8,
  KafkaReader,
  requestsOf,
  string,
} from './kafka-message.js';

/** What connections ask their server, and tell it. */
export interface KafkaHost {
  readonly host: string;
  readonly port: number;
  readonly clock: Pick<ManualClock, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** Reports sessions of this length in milliseconds, in place of their own. */
  readonly reportedSession: number | undefined;
  /** @throws Error for a token that Event Hubs would refuse */
  verifyToken(token: string): { oid: string; exp: number };
  onAccepted(token: string): void;
  onRefused(): void;
  onExpired(): void;
}

interface Session {
  principal: string;
  timer: unknown;
}

const saslAuthenticationFailed = 58;
const unsupportedMechanism = 33;
const mechanism = 'OAUTHBEARER';
const [messageStart, messageEnd] = ['n,,\u0001auth=Bearer ', '\u0001\u0001'];

/** One connection. It ends with its session, and after whatever a broker would refuse. */
export class KafkaConnection {
  #isHandshaken = false;
  #session: Session | undefined;

  constructor(
    private readonly socket: TLSSocket,
    private readonly server: KafkaHost,
  ) {
    const receive = requestsOf((request) => this.#receive(request));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#endSession());
    socket.on('data', (chunk: Buffer) => {
      try {
        receive(chunk);
      } catch {
        socket.destroy();
      }
    });
  }

  #receive(request: Buffer): void {
    const reader = new KafkaReader(request);
    const [key, version, id] = [reader.int16(), reader.int16(), int32(reader.int32())];
    reader.string();
    const reply = (body: Buffer): Buffer => Buffer.concat([int32(body.length + 4), id, body]);
    if (key === apiKey.apiVersions) {
      this.socket.write(reply(version > 2 ? unsupportedVersion : apiVersions(version)));
    } else if (key === apiKey.saslHandshake) {
      this.#isHandshaken = reader.string() === mechanism;
      const code = this.#isHandshaken ? 0 : unsupportedMechanism;
      this.socket.write(reply(Buffer.concat([int16(code), int32(1), string(mechanism)])));
    } else if (key === apiKey.saslAuthenticate && this.#isHandshaken) {
      this.#isHandshaken = false;
      this.#logIn(version, reader, reply);
    } else if (key === apiKey.metadata && this.#session !== undefined) {
      this.socket.write(reply(this.#metadata()));
    } else {
      this.socket.destroy();
    }
  }

  #logIn(version: number, reader: KafkaReader, reply: (body: Buffer) => Buffer): void {
    const isFlexible = version >= 2;
    if (isFlexible) reader.take(1);
    const message = isFlexible ? reader.compactBytes() : reader.take(reader.int32());
    try {
      const lifetime = this.#beginSession(tokenIn(message.toString('utf8')));
      this.socket.write(reply(authenticated(isFlexible, 0, '', this.server.reportedSession ?? lifetime)));
    } catch {
      this.server.onRefused();
      const refusal = authenticated(isFlexible, saslAuthenticationFailed, 'The token was refused.', 0);
      this.socket.end(reply(refusal));
    }
  }

  /** @returns how long the session lasts, in milliseconds */
  #beginSession(token: string): number {
    const { clock } = this.server;
    const { oid: principal, exp } = this.server.verifyToken(token);
    if (this.#session !== undefined && this.#session.principal !== principal) {
      throw new Error('Another principal may not take a session over.');
    }
    this.#endSession();
    const lifetime = exp * 1000 - clock.now();
    const timer = clock.setTimeout(() => {
      this.server.onExpired();
      this.socket.destroy();
    }, lifetime);
    this.#session = { principal, timer };
    this.server.onAccepted(token);
    return lifetime;
  }

  #endSession(): void {
    this.server.clock.clearTimeout(this.#session?.timer);
    this.#session = undefined;
  }

  /** One broker, this one. */
  #metadata(): Buffer {
    const broker = [int32(0), string(this.server.host), int32(this.server.port), int16(-1)];
    return Buffer.concat([int32(1), ...broker, int32(0), int32(0)]);
  }
}

function tokenIn(message: string): string {
  if (!message.startsWith(messageStart) || !message.endsWith(messageEnd)) throw new Error('Not a token.');
  return message.slice(messageStart.length, -messageEnd.length);
}

const unsupportedVersion = Buffer.concat([int16(35), int32(0)]);

function apiVersions(version: number): Buffer {
  const ranges = [
    [apiKey.metadata, 1, 1],
    [apiKey.saslHandshake, 1, 1],
    [apiKey.apiVersions, 0, 2],
    [apiKey.saslAuthenticate, 1, 2],
  ].flat();
  const throttleTime = version > 0 ? [int32(0)] : [];
  return Buffer.concat([int16(0), int32(4), ...ranges.map(int16), ...throttleTime]);
}

function authenticated(isFlexible: boolean, code: number, message: string, lifetime: number): Buffer {
  return isFlexible
    ? Buffer.concat([int8(0), int16(code), compactString(message), int8(1), int64(lifetime), int8(0)])
    : Buffer.concat([int16(code), string(message), int32(0), int64(lifetime)]);
}
