import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const askForPassword = message('R', Buffer.from([0, 0, 0, 3]));
const ready = message('Z', Buffer.from('I'));
const loggedIn = Buffer.concat([message('R', Buffer.alloc(4)), ready]);
const noRows = Buffer.concat([message('C', Buffer.from('SELECT 0\0')), ready]);
const errorOf = (code: string, severity: string, text = 'no'): Buffer =>
  message('E', Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0\0`));

/** How a server refuses a password. */
export interface PasswordRefusal {
  /** SQLSTATE. */
  code: string;
  message: string;
}

/**
 * A server that speaks just enough of PostgreSQL's protocol for a login and a query, and that can fall silent where a
 * real one does not.
 */
export class ScriptedPostgres {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Socket>();
  logins = 0;
  /** Logins that were asked for their token. */
  asked = 0;
  /** Logins, queries and goodbyes that were not answered. */
  unanswered = 0;
  /** Whether it leaves the goodbye of a client unanswered, as a server that is gone. */
  ignoresGoodbye = false;
  /** Whether it leaves logins unanswered. */
  ignoresLogins = false;
  /** Whether it leaves queries unanswered. */
  ignoresQueries = false;
  /** SQLSTATE with which it refuses every login. */
  refusal: string | undefined;
  /** SQLSTATE with which it answers every query. */
  queryError: string | undefined;
  /** The passwords that it was given. */
  readonly passwords: string[] = [];
  /** Looks at the password of a login, and refuses it. */
  refusePassword: (password: string) => PasswordRefusal | undefined = () => undefined;

  private constructor(
    readonly certificateAuthority: string,
    certificate: { key: string; cert: string },
  ) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#keep(socket);
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
      socket.once('data', () => {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, ...certificate });
        this.#keep(secure);
        this.#serve(secure);
      });
    });
  }

  static async start(): Promise<ScriptedPostgres> {
    const authority = new CertificateAuthority();
    const server = new ScriptedPostgres(authority.certificate, authority.issueServerCertificate());
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get dataSource() {
    return {
      type: 'postgres',
      host: 'localhost',
      port: (this.#server.address() as AddressInfo).port,
      username: 'app',
      database: 'notes',
      ssl: { ca: this.certificateAuthority },
    } as const;
  }

  /** How many connections there are. */
  get sessions(): number {
    return this.#connections.size;
  }

  /** Forgets what happened, and answers everything again. Sessions that are left end. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.logins = 0;
    this.asked = 0;
    this.unanswered = 0;
    this.ignoresGoodbye = false;
    this.ignoresLogins = false;
    this.ignoresQueries = false;
    this.refusal = undefined;
    this.queryError = undefined;
    this.passwords.length = 0;
    this.refusePassword = () => undefined;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: TLSSocket): void {
    // Half-open sockets stay until both sides have ended, and a server that is gone does not end its own.
    socket.on('end', () => {
      if (!this.ignoresGoodbye) socket.destroy();
    });
    socket.once('data', () => {
      if (this.ignoresLogins) {
        this.unanswered++;
        return;
      }
      if (this.refusal !== undefined) {
        socket.end(errorOf(this.refusal, 'FATAL'));
        return;
      }
      this.asked++;
      socket.write(askForPassword);
      socket.on('data', (data: Buffer) => this.#answer(socket, data));
    });
  }

  #logIn(socket: TLSSocket, password: string): void {
    this.passwords.push(password);
    const refusal = this.refusePassword(password);
    if (refusal !== undefined) {
      socket.end(errorOf(refusal.code, 'FATAL', refusal.message));
      return;
    }
    this.logins++;
    socket.write(loggedIn);
  }

  #answer(socket: TLSSocket, data: Buffer): void {
    const type = String.fromCharCode(data[0] ?? 0);
    if (type === 'p') {
      this.#logIn(socket, data.toString('utf8', 5, data.length - 1));
    } else if (type === 'X') {
      if (this.ignoresGoodbye) this.unanswered++;
      else socket.end();
    } else if (this.ignoresQueries) {
      this.unanswered++;
    } else {
      const { queryError } = this;
      const failed = queryError === undefined ? undefined : errorOf(queryError, 'ERROR');
      socket.write(failed === undefined ? noRows : Buffer.concat([failed, ready]));
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
