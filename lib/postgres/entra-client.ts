import type pg from 'pg';

import { type Clock, unref } from '../common/clock.js';
import { askWithTarget, destroySocket } from './client-internals.js';
import type { EntraLogin } from './entra-login.js';

type PgModule = typeof pg;
type ConnectCallback = (error: Error) => void;
type EndCallback = (error?: Error) => void;

// A server that is gone never answers, and a pool frees the place only when the connection has ended.
const terminateTimeoutInMs = 1_000;

/** pg's client, which explains failed logins. */
export function entraClientOf(driver: PgModule, login: EntraLogin, clock: Clock): PgModule['Client'] {
  return class EntraClient extends driver.Client {
    #hasBegun = false;

    override connect(): Promise<pg.Client>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.Client> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error) => (error ? reject(error) : resolve(this)));
        });
      }
      // pg refuses to connect twice; the first login goes on.
      if (this.#hasBegun) return super.connect(callback);
      this.#hasBegun = true;
      logIn(this, login, (done) => super.connect(done), callback);
    }

    /** Terminates the session, and closes the socket if the server does not within a second. */
    override end(): Promise<void>;
    override end(callback: EndCallback): void;
    override end(callback?: EndCallback): Promise<void> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.end((error) => (error ? reject(error) : resolve()));
        });
      }
      const timer = clock.setTimeout(() => destroySocket(this), terminateTimeoutInMs);
      unref(timer);
      super.end((error?: Error) => {
        clock.clearTimeout(timer);
        callback(error);
      });
    }
  };
}

function logIn(
  client: pg.Client,
  login: EntraLogin,
  connect: (done: (original: Error | null) => void) => void,
  callback: ConnectCallback,
): void {
  askWithTarget(client);
  const attempt = login.begin(client);
  connect((original) => {
    // pg calls again when the token comes, or fails, after the server has ended the connection.
    if (attempt.ended) return;
    const error = original ? login.translate(original, attempt) : undefined;
    login.end(attempt, error);
    // pg leaves the socket open when the password function fails; the server would keep its slot for a minute.
    if (error !== undefined) client.end(() => undefined);
    // pg reports success with null, which its types do not have.
    callback((error ?? null) as Error);
  });
}
