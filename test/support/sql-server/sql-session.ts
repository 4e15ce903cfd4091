import type { Duplex } from 'node:stream';

import { ClientGoneError, readBytes } from '../../../lib/testing/postgres/protocol/byte.reader.js';
import { refusals, SqlRefusal } from './sql-refusal.js';
import {
  answer,
  cancelled,
  checkPreLogin,
  done,
  errorToken,
  fedAuthInfo,
  fedAuthToken,
  loginAcknowledged,
  messageType,
  oneRow,
  preLoginAnswer,
  readLogin7,
  readMessage,
  routing,
  statementIn,
  transactionChange,
  type TdsMessage,
} from './tds-message.js';

/** What a server decides about its sessions. */
export interface SqlServerRules {
  resource: string;
  /** @throws SqlRefusal when the client may not even try, as that of a firewall */
  admit: (login: { serverName: string; database: string }) => void;
  /** Notes a token that came. */
  present: (token: string) => void;
  /** @throws Error when the token, if it was asked for, does not let its owner in */
  authenticate: (token: string | undefined) => void;
  /** Where the client is sent after its login. */
  route: { host: string; port: number } | undefined;
  /** Whether a login needs a token. */
  asksForToken: boolean;
  /** Answers nothing to the token but the beginning of an answer. */
  stallsAfterToken: boolean;
  accepted: () => number;
  /** Waits until a message may be answered; a query may have to wait longer. */
  untilFree: (session: number, isQuery: boolean) => Promise<unknown>;
  /** An error that a query gets. */
  queryError: () => SqlRefusal | undefined;
}

/** One session of TDS, from the LOGIN7 or, with `preLogin`, from the PRELOGIN on. */
export class SqlSession {
  readonly #stream: Duplex;
  readonly #rules: SqlServerRules;

  constructor(stream: Duplex, rules: SqlServerRules) {
    this.#stream = stream;
    this.#rules = rules;
  }

  /** Answers the PRELOGIN. */
  async preLogin(encryption: number): Promise<void> {
    checkPreLogin((await this.#next(messageType.preLogin)).payload);
    this.#stream.write(answer(preLoginAnswer(encryption)));
  }

  async serve(): Promise<void> {
    try {
      await this.#logIn();
    } catch (error) {
      if (!(error instanceof SqlRefusal)) throw error;
      const errors = error.errors.map(({ number, message, state }) => errorToken(number, message, state));
      this.#stream.end(answer(...errors, done(true)));
      return;
    }
    if (this.#rules.route !== undefined) return;
    const session = this.#rules.accepted();
    for (;;) await this.#answer(await this.#next(...queries), session);
  }

  async #logIn(): Promise<void> {
    const login = readLogin7((await this.#next(messageType.login7)).payload);
    if (login.userName !== '') throw refusals.principal();
    if (login.fedAuth?.library !== 2 || !login.fedAuth.echo)
      throw new Error('No token was announced as the server wants it.');
    this.#rules.admit(login);
    this.#rules.authenticate(this.#rules.asksForToken ? await this.#askForToken() : undefined);
    const { route } = this.#rules;
    const where = route === undefined ? [] : [routing(route.host, route.port)];
    this.#stream.write(answer(loginAcknowledged, ...where, done()));
  }

  async #askForToken(): Promise<string> {
    this.#stream.write(answer(fedAuthInfo('https://login.microsoftonline.com/common', this.#rules.resource)));
    const token = fedAuthToken((await this.#next(messageType.fedAuthToken)).payload);
    this.#rules.present(token);
    if (this.#rules.stallsAfterToken) {
      this.#stream.write(answer(loginAcknowledged, done()).subarray(0, 20));
      await this.#next();
    }
    return token;
  }

  async #answer({ type, payload }: TdsMessage, session: number): Promise<void> {
    const statement = type === messageType.attention ? '' : statementIn(payload);
    // What sets a session up, and what mssql asks before it uses one, has no result.
    const column = /\bas "?(\w+)"?/i.exec(statement)?.[1];
    await this.#rules.untilFree(session, column !== undefined);
    if (type === messageType.attention) {
      this.#stream.write(answer(cancelled));
      return;
    }
    if (type === messageType.transaction) {
      this.#stream.write(answer(transactionChange(payload), done()));
      return;
    }
    const refusal = this.#rules.queryError()?.errors[0];
    if (refusal !== undefined) {
      this.#stream.write(answer(errorToken(refusal.number, refusal.message, refusal.state), done(true)));
      return;
    }
    const value = /db_name\(\)/i.test(statement)
      ? 'notes'
      : /@@spid/i.test(statement)
        ? String(session)
        : 'dbo';
    const rows = column === undefined ? [] : [oneRow(column, value)];
    this.#stream.write(answer(...rows, done()));
  }

  async #next(...expected: number[]): Promise<TdsMessage> {
    const message = await readMessage((size) => readBytes(this.#stream, size));
    if (message.type === tlsHandshake) throw new ClientGoneError('The client wants TLS first.');
    if (!expected.includes(message.type))
      throw new Error(`A message of type ${message.type} came instead of ${expected.join(' or ')}.`);
    return message;
  }
}

/** The first byte of TLS, where a message of TDS is expected. */
const tlsHandshake = 0x16;

const queries = [
  messageType.sqlBatch,
  messageType.remoteCall,
  messageType.transaction,
  messageType.attention,
];
