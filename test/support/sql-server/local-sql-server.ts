import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';

import type { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { ClientGoneError } from '../../../lib/testing/postgres/protocol/byte.reader.js';
import { refusals, SqlRefusal } from './sql-refusal.js';
import { SqlSession } from './sql-session.js';
import { encryption } from './tds-message.js';
import { TlsInTds } from './tls-in-tds.js';

export interface LocalSqlServerOptions {
  authority: CertificateAuthority;
  /** @throws SqlRefusal, or any other error, when the token does not let its owner in */
  checkToken: (token: string) => void;
  /**
   * `strict`: TDS 8.0, inside of TLS. `inside`: TDS 7.4, with TLS inside, which is required. `declined`: TDS 7.4 without
   * TLS, which Azure SQL never does, but a server in between may.
   *
   * @default 'strict'
   */
  transport?: 'strict' | 'inside' | 'declined';
  /**
   * The name that it has, and that is in its certificate.
   *
   * @default 'localhost'
   */
  host?: string;
}

/** Takes logins as Azure SQL does: TLS, then a token. Answers queries with one row. */
export class LocalSqlServer implements AsyncDisposable {
  /** What it tells the client to fetch a token for. */
  resource = 'https://database.windows.net/';
  accepted = 0;
  refused = 0;
  /** The tokens that it was given. */
  readonly presented: string[] = [];
  /** Queries are answered after it. */
  busyUntil: Promise<unknown> = Promise.resolve();
  /** How many queries wait for that. */
  waiting = 0;
  /** Takes connections, and is silent at once or after the token. */
  silent: 'no' | 'at once' | 'after the token' = 'no';
  /** Where clients are sent after their logins. */
  route: { host: string; port: number } | undefined;
  /** Whether it asks for a token. An impostor can let everyone in. */
  asksForToken = true;
  /** The databases it has; any when there is none. */
  databases: readonly string[] = [];
  /** Refuses a client before its token is asked for. */
  blocked: SqlRefusal | undefined;
  /** The same for the next ones, in order. */
  readonly blockedFirst: SqlRefusal[] = [];
  /** What queries get, in order. */
  readonly queryErrors: SqlRefusal[] = [];
  readonly #logins = new EventEmitter();
  readonly #sockets = new Set<Socket>();
  readonly #failures: unknown[] = [];
  readonly #server = createServer();
  /** Sessions up to this one get no answers any more. */
  #forgotten = 0;

  private constructor(private readonly options: LocalSqlServerOptions) {}

  static async start(options: LocalSqlServerOptions): Promise<LocalSqlServer> {
    const local = new LocalSqlServer(options);
    const certificate = options.authority.issueServerCertificate(options.host);
    const context = createSecureContext(
      options.transport === 'inside' ? { ...certificate, maxVersion: 'TLSv1.2' } : certificate,
    );
    local.#server.on('connection', (socket) => local.#take(socket, context));
    local.#server.listen(0, '127.0.0.1');
    await once(local.#server, 'listening');
    return local;
  }

  get host(): string {
    return this.options.host ?? 'localhost';
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections of clients are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  nextLogin(): Promise<unknown> {
    return once(this.#logins, 'accepted');
  }

  /** Answers nothing more on the connections that are open, as behind a load balancer that forgot them. */
  forget(): void {
    this.#forgotten = this.accepted;
  }

  /** Ends every connection. */
  endSessions(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** @throws AggregateError when something failed that is not a refusal */
  async [Symbol.asyncDispose](): Promise<void> {
    this.endSessions();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'The local SQL Server failed.');
  }

  #take(socket: Socket, context: SecureContext): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.silent === 'at once') {
      socket.resume();
      return;
    }
    this.#serve(socket, context).catch((error: unknown) => {
      socket.destroy();
      if (!(error instanceof ClientGoneError)) this.#failures.push(error);
    });
  }

  async #serve(socket: Socket, context: SecureContext): Promise<void> {
    const { transport = 'strict' } = this.options;
    if (transport === 'strict') {
      const session = this.#session(secured(socket, context));
      await session.preLogin(encryption.on);
      return session.serve();
    }
    const plain = this.#session(socket);
    if (transport === 'declined') {
      await plain.preLogin(encryption.notSupported);
      return plain.serve();
    }
    await plain.preLogin(encryption.required);
    return this.#session(secured(new TlsInTds(socket), context)).serve();
  }

  #session(stream: Duplex): SqlSession {
    stream.on('error', () => stream.destroy());
    return new SqlSession(stream, {
      resource: this.resource,
      admit: (login) => this.#admit(login),
      present: (token) => this.presented.push(token),
      authenticate: (token) => this.#authenticate(token),
      route: this.route,
      asksForToken: this.asksForToken,
      stallsAfterToken: this.silent === 'after the token',
      accepted: () => this.accepted,
      untilFree: (session, isQuery) => this.#untilFree(session, isQuery),
      queryError: () => this.queryErrors.shift(),
    });
  }

  async #untilFree(session: number, isQuery: boolean): Promise<void> {
    if (session <= this.#forgotten) await new Promise(() => undefined);
    if (!isQuery) return;
    this.waiting++;
    await this.busyUntil;
    this.waiting--;
  }

  #admit({ serverName, database }: { serverName: string; database: string }): void {
    const blocked = this.blockedFirst.shift() ?? this.blocked;
    if (blocked !== undefined) throw blocked;
    if (serverName !== this.host) throw refusals.server(serverName);
    if (this.databases.length > 0 && !this.databases.includes(database)) throw refusals.database(database);
  }

  #authenticate(token: string | undefined): void {
    try {
      if (token !== undefined) this.options.checkToken(token);
    } catch (error) {
      this.refused++;
      throw error instanceof SqlRefusal ? error : refusals.principal();
    }
    this.accepted++;
    this.#logins.emit('accepted');
  }
}

function secured(stream: Duplex, secureContext: SecureContext): TLSSocket {
  // A handshake that the client breaks off is its right.
  return new TLSSocket(stream, {
    isServer: true,
    secureContext,
    ALPNProtocols: ['tds/8.0'],
  });
}
