import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

import type { KeyAndCertificate } from '../../../lib/testing/certificates/certificate-authority.js';
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

export interface LocalKafkaOptions {
  certificate: KeyAndCertificate;
  /** @throws Error for a token that Event Hubs would refuse */
  verifyToken(token: string): { oid: string; exp: number };
  /** The clock that tokens are verified by. */
  now(): number;
}

interface Session {
  principal: string;
  endsAt: number;
}

const saslAuthenticationFailed = 58;
const unsupportedMechanism = 33;
const bearer = /^n,,\u0001auth=Bearer ([\w.-]+)\u0001\u0001$/;

/**
 * The SASL part of a Kafka broker, as Event Hubs has it: TLS only, OAUTHBEARER, a session that lasts as long as its token.
 * It answers Metadata of no topics. A request after the end of its session closes the connection, as does another principal.
 *
 * @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-368
 */
export class LocalKafka implements AsyncDisposable {
  readonly host = 'localhost';
  connections = 0;
  closedForExpiry = 0;
  refused = 0;
  /** The distinct tokens of accepted logins, and how many there were. */
  readonly tokens = new Set<string>();
  accepted = 0;
  /** Reports sessions this much shorter than they are. */
  reportedShare = 1;
  readonly #sockets = new Set<TLSSocket>();
  readonly #server;

  private constructor(private readonly options: LocalKafkaOptions) {
    this.#server = createServer(options.certificate, (socket) => this.#serve(socket));
  }

  static async start(options: LocalKafkaOptions): Promise<LocalKafka> {
    const local = new LocalKafka(options);
    local.#server.listen(0, '127.0.0.1');
    await once(local.#server, 'listening');
    return local;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: TLSSocket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let session: Session | undefined;
    const receive = requestsOf((request) => {
      const reader = new KafkaReader(request);
      const [key, version, id] = [reader.int16(), reader.int16(), int32(reader.int32())];
      reader.string();
      const body = this.#answer(key, version, reader, session, (next) => (session = next));
      if (body === undefined) socket.destroy();
      else socket.write(Buffer.concat([int32(body.length + 4), id, body]));
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        receive(chunk);
      } catch {
        socket.destroy();
      }
    });
  }

  /** @returns `undefined` where the connection ends */
  #answer(
    key: number,
    version: number,
    reader: KafkaReader,
    session: Session | undefined,
    begin: (session: Session) => void,
  ): Buffer | undefined {
    if (key === apiKey.apiVersions) return version > 2 ? unsupportedVersion : apiVersions(version);
    if (key === apiKey.saslHandshake) {
      const isKnown = reader.string() === 'OAUTHBEARER';
      return Buffer.concat([int16(isKnown ? 0 : unsupportedMechanism), int32(1), string('OAUTHBEARER')]);
    }
    if (key === apiKey.saslAuthenticate) return this.#logIn(version, reader, session, begin);
    if (key !== apiKey.metadata || session === undefined) return undefined;
    if (this.options.now() < session.endsAt) return this.#metadata();
    this.closedForExpiry++;
    return undefined;
  }

  #logIn(
    version: number,
    reader: KafkaReader,
    session: Session | undefined,
    begin: (session: Session) => void,
  ): Buffer | undefined {
    const isFlexible = version >= 2;
    if (isFlexible) reader.take(1);
    const message = isFlexible ? reader.compactBytes() : reader.take(reader.int32());
    const token = bearer.exec(message.toString('utf8'))?.[1] ?? '';
    try {
      const { oid, exp } = this.options.verifyToken(token);
      if (session !== undefined && session.principal !== oid) return undefined;
      begin({ principal: oid, endsAt: exp * 1000 });
      this.tokens.add(token);
      this.accepted++;
      const lifetime = Math.floor((exp * 1000 - this.options.now()) * this.reportedShare);
      return authenticated(isFlexible, 0, '', lifetime);
    } catch {
      this.refused++;
      return authenticated(isFlexible, saslAuthenticationFailed, 'The token was refused.', 0);
    }
  }

  /** One broker, this one. */
  #metadata(): Buffer {
    const broker = [int32(0), string(this.host), int32(this.port), int16(-1)];
    return Buffer.concat([int32(1), ...broker, int32(0), int32(0)]);
  }
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
