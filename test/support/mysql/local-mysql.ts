import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { ClientGoneError, readBytes } from '../../../lib/testing/postgres/protocol/byte.reader.js';
import { ClientConnection } from '../../../lib/testing/postgres/gateway/client.connection.js';
import { MySqlRefusal, takeLogin, withTls, type MySqlLogin } from './mysql-login.js';
import { errorPacket, readPacket, toBytes } from './mysql-packet.js';

export interface LocalMySqlOptions {
  authority: CertificateAuthority;
  /** Where a MySQL listens that lets every user in without a password. */
  backend: NetConnectOpts;
  /** `false` for a server that asks for the password in clear. @default true */
  tls?: boolean;
  /** @throws Error when the token does not let this user in */
  checkToken: (token: string, user: string) => void;
}

/**
 * Stands in front of a MySQL and checks logins as Azure does: verified TLS can be had, a login without it is refused,
 * and the password is an access token. After it, client and server talk to each other.
 */
export class LocalMySql implements AsyncDisposable {
  readonly host = 'localhost';
  accepted = 0;
  refused = 0;
  /** The passwords that it was given. */
  readonly presented: string[] = [];
  /** Takes connections and does not answer. */
  silent = false;
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #relays = new Set<[Socket, Socket]>();
  readonly #failures: unknown[] = [];

  private constructor(private readonly options: LocalMySqlOptions) {}

  static async start(options: LocalMySqlOptions): Promise<LocalMySql> {
    const mysql = new LocalMySql(options);
    const secureContext = createSecureContext(options.authority.issueServerCertificate());
    mysql.#server.on('connection', (client) => {
      mysql.#serve(client, secureContext).catch((error: unknown) => {
        // A client that finds the server unverified hangs up.
        if (!(error instanceof ClientGoneError)) mysql.#failures.push(error);
      });
    });
    mysql.#server.listen(0, '127.0.0.1');
    await once(mysql.#server, 'listening');
    return mysql;
  }

  /** How many passwords it was given. */
  get passwords(): number {
    return this.presented.length;
  }

  /** How many connections of clients are open. */
  get connections(): number {
    return this.#clients.size;
  }

  /** Lets nothing through any more on the connections that are open, as a load balancer that forgot them. */
  forget(): void {
    for (const [client, backend] of this.#relays) {
      client.unpipe(backend).resume();
      backend.unpipe(client).resume();
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @throws AggregateError when something failed that is not a refusal */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'The local MySQL failed.');
  }

  async #serve(socket: Socket, secureContext: SecureContext): Promise<void> {
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    if (this.silent) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy()).resume();
      return;
    }
    const client = new ClientConnection(socket, secureContext);
    const backend = connect(this.options.backend);
    for (const each of [socket, backend]) {
      this.#sockets.add(each);
      each.on('close', () => this.#sockets.delete(each));
    }
    backend.on('error', () => backend.destroy());
    backend.on('close', () => client.end());
    socket.on('close', () => backend.destroy());
    const fromBackend = (size: number): Promise<Buffer> => readBytes(backend, size);
    const greeting = await readPacket(fromBackend);
    client.write(toBytes(this.options.tls === false ? greeting : withTls(greeting)));
    try {
      const { response, sequence } = await this.#admit(client);
      backend.write(toBytes({ sequence: 1, payload: response }));
      const { payload } = await readPacket(fromBackend);
      client.write(toBytes({ sequence, payload }));
      this.#relays.add([client.stream, backend]);
      client.stream.pipe(backend).pipe(client.stream);
    } catch (error) {
      if (!(error instanceof MySqlRefusal)) throw error;
      this.refused++;
      client.end(errorPacket(error.sequence, error.code, error.message));
    }
  }

  async #admit(client: ClientConnection): Promise<MySqlLogin> {
    const login = await takeLogin(client, this.options.tls ?? true);
    this.presented.push(login.password);
    try {
      this.options.checkToken(login.password, login.user);
    } catch {
      throw new MySqlRefusal(login.sequence, 1045, `Access denied for user '${login.user}'`);
    }
    this.accepted++;
    return login;
  }
}
