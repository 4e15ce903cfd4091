import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Timestamp } from '../common/clock.js';
import { asError } from '../common/thrown.js';
import type { LoginAttempt } from '../database/database-logins.js';
import type { LoginTarget } from '../database/login-retry.js';
import type { AccessToken } from '../entra/token-credential.js';
import { checkConnection, unverified, whyUnverified } from './connection-guard.js';
import type { ConnectTarget, TediousConnection } from './mssql-driver.js';

/** An error that the server sent while it was logged in to. */
export interface ServerError {
  number: number;
  state: number;
  message: string;
}

/** How far a login came. */
export type LoginStage = 'connecting' | 'connected' | 'verified';

interface AttemptOptions {
  target: LoginTarget;
  startedAt: Timestamp;
  timeoutInMs: number;
  /** Chooses the token, which may have to be waited for. */
  choose: () => AccessToken | Promise<AccessToken>;
}

/** One login: its sockets, one after the other when the server names another, and the token that they are given. */
export class MsSqlAttempt implements LoginAttempt {
  readonly target: LoginTarget;
  readonly startedAt: Timestamp;
  /** How long it may take. */
  readonly timeoutInMs: number;
  token: AccessToken | undefined;
  /** Why no token was given. */
  failure: Error | undefined;
  stage: LoginStage = 'connecting';
  /** What the last server answered. */
  errors: ServerError[] = [];
  readonly #choose: () => AccessToken | Promise<AccessToken>;
  #connection: TediousConnection | undefined;
  #socket: Socket | undefined;
  #host: string;
  /** The TLS inside of TDS 7.4, which is not the socket of the connection. */
  #tls: unknown;
  #over: Error | undefined;

  constructor({ target, startedAt, timeoutInMs, choose }: AttemptOptions) {
    this.target = target;
    this.startedAt = startedAt;
    this.timeoutInMs = timeoutInMs;
    this.#choose = choose;
    this.#host = target.host;
  }

  /** The option `connector` of `tedious`: opens a socket to the server, or to the one that it named in its place. */
  readonly connector = async ({ host, port, localAddress }: ConnectTarget): Promise<Socket> => {
    this.#throwIfOver();
    this.#checkRedirection(host);
    this.#host = host;
    this.#tls = undefined;
    this.errors = [];
    this.stage = 'connecting';
    const socket = connect({ host, port, localAddress, noDelay: true });
    this.#socket = socket;
    // One that is destroyed before tedious listens would end the process.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    this.stage = 'connected';
    return socket;
  };

  /** What `tedious` asks for a token, after the server did. Holds no token itself, and whatever shows it shows none. */
  readonly credential = { getToken: () => this.#tokenForServer() };

  /** Notes the connection whose socket is checked before it is given a token. */
  bind(connection: TediousConnection): void {
    this.#connection = connection;
    connection.on('secure', this.#onSecure);
    connection.on('errorMessage', this.#onError);
  }

  /**
   * Gives the login up, if it has not ended: breaks its socket, and opens no other. The connection stays as it is: one that
   * is closed first hears no more of its socket, whose error then ends the process.
   */
  abort(reason: Error): void {
    this.#over ??= reason;
    this.#socket?.destroy(reason);
  }

  /**
   * Checks the connection of a login that was accepted: the server may not have asked for a token.
   *
   * @throws {InsecureConnectionError}
   */
  checkAccepted({ socket }: TediousConnection): void {
    if (this.stage !== 'verified') checkConnection(socket, this.#hosts);
  }

  /** Lets go of the token, and of the connection. */
  end(): void {
    this.#over ??= new Error('The login has ended.');
    this.token = undefined;
    this.#connection?.off('secure', this.#onSecure);
    this.#connection?.off('errorMessage', this.#onError);
    this.#connection = undefined;
    this.#socket = undefined;
    this.#tls = undefined;
  }

  readonly #onSecure = (tls: unknown): void => {
    this.#tls = tls;
    if (whyUnverified(tls, this.#hosts) === undefined) this.stage = 'verified';
  };

  readonly #onError = ({ number, state, message }: ServerError): void => {
    this.errors.push({ number, state, message });
  };

  async #tokenForServer(): Promise<AccessToken> {
    try {
      checkConnection(this.#tls ?? this.#connection?.socket, this.#hosts);
      this.stage = 'verified';
      const token = await this.#choose();
      this.#throwIfOver();
      this.token = token;
      return { token: token.token, expiresOnTimestamp: token.expiresOnTimestamp };
    } catch (error) {
      this.failure = asError(error);
      throw error;
    }
  }

  /** An attacker in between may name a server of their own, which has a certificate for its own name. */
  #checkRedirection(host: string): void {
    if (this.stage === 'verified' || this.#hosts.includes(host)) return;
    this.failure = unverified(this.#host, 'it names another server before it has proved its own name');
    throw this.failure;
  }

  get #hosts(): readonly string[] {
    return [this.target.host, this.#host];
  }

  #throwIfOver(): void {
    if (this.#over !== undefined) throw this.#over;
  }
}
