import { delayUntil, type Timestamp } from '../common/clock.js';
import { withDeadline } from '../common/deadline.js';
import { asError } from '../common/thrown.js';
import { connectTwice } from '../database/connect-twice.js';
import type { LoginContext } from '../database/database-kind.js';
import { DatabaseLogins } from '../database/database-logins.js';
import type { AccessToken } from '../entra/token-credential.js';
import { explainMsSqlError, mayBeToken } from './explain-mssql-error.js';
import { MsSqlAttempt } from './mssql-attempt.js';
import type { ConnectionConfig, TediousConnection } from './mssql-driver.js';
import type { ResolvedMsSqlDataSource } from './resolve-mssql-data-source.js';

const marginInMs = 1_000;

/** Opens a connection of `mssql` that asks the attempt for its socket and its token. */
type Open = (attempt: MsSqlAttempt) => Promise<TediousConnection>;

/** Presents access tokens to the server of one data source, through `mssql`. */
export class MsSqlLogin {
  readonly dataSource: ResolvedMsSqlDataSource;
  readonly #logins: DatabaseLogins;

  constructor(dataSource: ResolvedMsSqlDataSource, context: LoginContext) {
    this.dataSource = dataSource;
    this.#logins = new DatabaseLogins(dataSource, context);
  }

  /**
   * Logs in, once more with another token if the first was refused, all within the deadline of a login.
   *
   * @param isGivenUp whether no second try is wanted any more
   * @throws the error with its reason and its remedy; that of the first try when the time ends during the second
   */
  connect(open: Open, isGivenUp: () => boolean = () => false): Promise<TediousConnection> {
    const startedAt = this.now();
    return connectTwice(this, (refusal) => this.#tryOnce(open, startedAt, refusal), isGivenUp);
  }

  now(): Timestamp {
    return this.#logins.clock.now();
  }

  retryOnce<T>(refusal: Error, startedAt: Timestamp, again: () => Promise<T>): Promise<T> {
    return this.#logins.retryOnce(refusal, startedAt, again);
  }

  /** What `tedious` is given for a login, whatever became of the options on their way. */
  configOf(config: ConnectionConfig, attempt: MsSqlAttempt): ConnectionConfig {
    const { credential, connector, timeoutInMs } = attempt;
    const { primary, encrypt, tls } = this.dataSource;
    return {
      server: primary.host,
      authentication: { type: 'token-credential', options: { credential } },
      options: {
        ...config.options,
        port: primary.port,
        database: primary.database,
        encrypt,
        trustServerCertificate: false,
        cryptoCredentialsDetails: tls,
        serverName: undefined,
        instanceName: undefined,
        debug: undefined,
        connector,
        // Of one server, and behind the deadline of the whole login, which knows what to report.
        connectTimeout: timeoutInMs + marginInMs,
      },
    };
  }

  async #tryOnce(open: Open, startedAt: Timestamp, refusal: Error | undefined): Promise<TediousConnection> {
    const { clock } = this.#logins;
    const { host, port } = this.dataSource.primary;
    const target = { host, port };
    const timeoutInMs = delayUntil(startedAt + this.dataSource.connectTimeoutInMs, this.now());
    const choose = (): AccessToken | Promise<AccessToken> => this.#logins.choose(target);
    const attempt = new MsSqlAttempt({ target, startedAt: this.now(), timeoutInMs, choose });
    const opened = open(attempt);
    let isLate = false;
    const onTimeout = (): Error => {
      isLate = true;
      return new Error(`no login within ${this.dataSource.connectTimeoutInMs} ms`);
    };
    try {
      const connection = await withDeadline(opened, { timeoutInMs, clock, onTimeout });
      attempt.checkAccepted(connection);
      this.#end(attempt);
      return connection;
    } catch (thrown) {
      const error = asError(thrown);
      attempt.abort(error);
      opened.then(
        (late) => late.close(),
        () => undefined,
      );
      const explained = explainMsSqlError(error, attempt, this.dataSource, this.now());
      this.#end(attempt, explained);
      throw isLate && refusal !== undefined ? refusal : explained;
    }
  }

  /** Reports a login and remembers its outcome. */
  #end(attempt: MsSqlAttempt, error?: Error): void {
    const { target, startedAt, token } = attempt;
    this.#logins.end({ target, startedAt, token }, error, mayBeToken(error));
    attempt.end();
  }
}
