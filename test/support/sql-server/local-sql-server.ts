import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { readBytes, ClientGoneError } from '../../../lib/testing/postgres/protocol/byte.reader.js';
import {
  answer,
  done,
  errorToken,
  fedAuthInfo,
  fedAuthLibrary,
  fedAuthToken,
  loginAcknowledged,
  messageType,
  oneRow,
  preLoginAnswer,
  readMessage,
} from './tds-message.js';

export interface LocalSqlServerOptions {
  authority: CertificateAuthority;
  /** @throws Error when the token does not let its owner in */
  checkToken: (token: string) => void;
}

/** Takes logins as Azure SQL does by TDS 8.0: TLS first, then a token. Answers every query as the one for the schema. */
export class LocalSqlServer implements AsyncDisposable {
  readonly host = 'localhost';
  /** What it tells the client to fetch a token for. */
  resource = 'https://database.windows.net/';
  accepted = 0;
  refused = 0;
  /** Queries are answered after it. */
  busyUntil: Promise<unknown> = Promise.resolve();
  readonly #logins = new EventEmitter();
  readonly #sockets = new Set<TLSSocket>();
  readonly #failures: unknown[] = [];
  readonly #server;

  private constructor(
    private readonly options: LocalSqlServerOptions,
    certificate: { key: string; cert: string },
  ) {
    this.#server = createServer({ ...certificate, ALPNProtocols: ['tds/8.0'] }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      this.#serve(socket).catch((error: unknown) => {
        socket.destroy();
        if (!(error instanceof ClientGoneError)) this.#failures.push(error);
      });
    });
  }

  static async start(options: LocalSqlServerOptions): Promise<LocalSqlServer> {
    const local = new LocalSqlServer(options, options.authority.issueServerCertificate());
    local.#server.listen(0, '127.0.0.1');
    await once(local.#server, 'listening');
    return local;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  nextLogin(): Promise<unknown> {
    return once(this.#logins, 'accepted');
  }

  /** @throws AggregateError when something failed that is not a refusal */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'The local SQL Server failed.');
  }

  async #serve(socket: TLSSocket): Promise<void> {
    const next = async (...expected: number[]): Promise<Buffer> => {
      const { type, payload } = await readMessage((size) => readBytes(socket, size));
      if (!expected.includes(type))
        throw new Error(`A message of type ${type} came instead of ${expected.join(' or ')}.`);
      return payload;
    };
    await next(messageType.preLogin);
    socket.write(answer(preLoginAnswer));
    if (fedAuthLibrary(await next(messageType.login7)) !== 2) throw new Error('No token was announced.');
    socket.write(answer(fedAuthInfo('https://login.microsoftonline.com/common', this.resource)));
    const token = fedAuthToken(await next(messageType.fedAuthToken));
    try {
      this.options.checkToken(token);
    } catch {
      this.refused++;
      socket.end(
        answer(errorToken(18456, "Login failed for user '<token-identified principal>'."), done(true)),
      );
      return;
    }
    this.accepted++;
    this.#logins.emit('accepted');
    socket.write(answer(loginAcknowledged, done()));
    // How the client sets its session up.
    await next(messageType.sqlBatch);
    socket.write(answer(done()));
    for (;;) {
      await next(messageType.sqlBatch, messageType.remoteCall);
      await this.busyUntil;
      socket.write(answer(oneRow('schema_name', 'dbo'), done()));
    }
  }
}
