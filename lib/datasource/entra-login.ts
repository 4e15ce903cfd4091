import type { Client } from 'pg';

import type { AccessToken } from '../credential/token-credential.js';
import { DatabaseLoginRefusedError } from '../errors/database-login-refused.error.js';
import { DatabaseUnreachableError } from '../errors/database-unreachable.error.js';
import { isEntraAuthError } from '../errors/entra-auth.error.js';
import { InsecureConnectionError } from '../errors/insecure-connection.error.js';
import { isHostRuleRefusal, isLoginRefusal, sqlStateOf } from '../errors/sqlstate.js';
import { EntraTimeoutError } from '../errors/timeout.error.js';
import type { Clock } from '../refresh/clock.js';
import { withDeadline } from '../refresh/deadline.js';
import type { EntraTokenService } from '../token/entra-token.service.js';
import { HeldAccessToken } from '../token/held-access-token.js';
import { readClaims } from '../token/json-web-token.js';
import type { LoginEvent } from './login-event.js';
import type { ResolvedDataSource } from './resolve-data-source.js';

// The token's own wait ends first, so that its error surfaces and not the driver's "timeout expired".
const shareOfConnectTimeout = 0.8;

const unverifiedFix =
  'Check the host name. For a private certificate authority, give it as "ssl": { ca }; verification cannot be turned off.';

/** The part of pg's connection parameters that decides whether a token may be sent. */
interface ConnectionTarget {
  host?: string;
  ssl?: unknown;
}

/** Presents access tokens to one data source's servers, and knows which login presented which. */
export class EntraLogin {
  readonly #tokens: EntraTokenService;
  readonly #clock: Clock;
  readonly #onLogin: (event: LoginEvent) => void;
  readonly #presented = new WeakMap<object, AccessToken>();
  readonly dataSource: ResolvedDataSource;

  constructor(
    dataSource: ResolvedDataSource,
    tokens: EntraTokenService,
    clock: Clock,
    onLogin: (event: LoginEvent) => void,
  ) {
    this.dataSource = dataSource;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#onLogin = onLogin;
  }

  now(): number {
    return this.#clock.now();
  }

  /**
   * The password function that pg calls on each new connection, after the server asked for a password.
   *
   * @throws {InsecureConnectionError} when the connection is not the verified one that was configured
   */
  readonly password = async (target?: ConnectionTarget): Promise<string> => {
    this.#checkTarget(target);
    const token = await this.#token();
    if (target !== undefined) this.#presented.set(target, token);
    return token.token;
  };

  /** Gives an error of a login its reason and its remedy; what the server says beyond the login passes as it is. */
  translate(error: Error, client: Client): Error {
    const { name, resource, primary } = this.dataSource;
    if (isEntraAuthError(error)) return error;
    if (isTlsFailure(error)) {
      const problem = `The server at ${client.host}:${client.port} could not be verified: ${error.message}. No token was sent.`;
      return new InsecureConnectionError(problem, unverifiedFix, error);
    }
    if (sqlStateOf(error) === undefined)
      return new DatabaseUnreachableError(client.host, client.port, name, error);
    if (!isLoginRefusal(error)) return error;
    return new DatabaseLoginRefusedError(
      {
        dataSource: name,
        resource,
        role: client.user ?? primary.username ?? 'unknown',
        host: client.host,
        port: client.port,
        database: client.database ?? primary.database,
        now: this.now(),
        ...this.#describePresented(client),
      },
      error,
    );
  }

  report(client: Client, startedAt: number, error: Error | undefined): void {
    const presented = this.#presentedBy(client);
    this.#onLogin({
      dataSource: this.dataSource.name,
      resource: this.dataSource.resource,
      role: client.user ?? this.dataSource.primary.username ?? 'unknown',
      host: client.host,
      at: new Date(startedAt),
      durationInMs: this.now() - startedAt,
      outcome:
        error === undefined ? 'accepted' : error instanceof DatabaseLoginRefusedError ? 'refused' : 'failed',
      ...(presented === undefined ? {} : { tokenExpiresAt: new Date(presented.expiresOnTimestamp) }),
      ...(error === undefined ? {} : { error }),
    });
  }

  /** Remembers which token a refused login presented, and makes the driver forget it. */
  release(client: Client, error: Error | undefined): void {
    const parameters = parametersOf(client);
    const token = parameters && this.#presented.get(parameters);
    if (error !== undefined && token !== undefined) this.#presented.set(error, token);
    for (const holder of [client, parameters]) {
      if (holder !== undefined && 'password' in holder) holder.password = null;
    }
  }

  /**
   * Whether a login is worth a second try: it was refused for its token, and there is another token to present.
   */
  async renewAfter(error: Error): Promise<boolean> {
    if (!(error instanceof DatabaseLoginRefusedError) || isHostRuleRefusal(error.cause)) return false;
    const refused = this.#presented.get(error);
    if (refused === undefined) return false;
    this.#tokens.invalidate(refused);
    try {
      const token = await this.#token();
      return token.token !== refused.token;
    } catch {
      // The refusal itself is what the caller must see; the failed refresh is an event of its own.
      return false;
    }
  }

  #token(): Promise<AccessToken> {
    const { resource, connectTimeoutInMs } = this.dataSource;
    const timeoutInMs = connectTimeoutInMs * shareOfConnectTimeout;
    return withDeadline(this.#tokens.getToken(resource), {
      timeoutInMs,
      clock: this.#clock,
      onTimeout: () =>
        new EntraTimeoutError(
          `Waiting for the access token of the resource "${resource}"`,
          timeoutInMs,
          'Check that the token endpoint can be reached.',
        ),
    });
  }

  #checkTarget(target: ConnectionTarget | undefined): void {
    // Drivers before pg 8.14 say nothing about the target; the options have been checked at start-up.
    if (target === undefined) return;
    const { host, ssl } = target;
    const verified =
      typeof ssl === 'object' && ssl !== null && Reflect.get(ssl, 'rejectUnauthorized') === true;
    if (!verified) {
      const problem = `The connection to "${host}" is not verified TLS; no token was sent.`;
      throw new InsecureConnectionError(problem, 'Leave "ssl" out, or give { ca } of the server.');
    }
    if (!this.dataSource.endpoints.some((endpoint) => endpoint.host === host)) {
      const problem = `The host "${host}" is none that the data source "${this.dataSource.name}" was configured for; no token was sent.`;
      throw new InsecureConnectionError(problem, 'Configure every host in the data source options.');
    }
  }

  #presentedBy(client: Client): AccessToken | undefined {
    const parameters = parametersOf(client);
    return parameters && this.#presented.get(parameters);
  }

  #describePresented(client: Client): {
    token?: { acquiredAt: number; expiresOnTimestamp: number; oid?: string };
  } {
    const token = this.#presentedBy(client);
    if (!(token instanceof HeldAccessToken)) return {};
    const { acquiredAt, expiresOnTimestamp } = token;
    const oid = readClaims(token.token)?.oid;
    return { token: { acquiredAt, expiresOnTimestamp, ...(typeof oid === 'string' ? { oid } : {}) } };
  }
}

/** Whether the server has no TLS, or its certificate is not the right one. */
function isTlsFailure(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code');
  if (/does not support SSL/.test(error.message)) return true;
  return (
    typeof code === 'string' && /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)
  );
}

/** The object that pg hands to the password function is the client's own, which tells logins apart. */
function parametersOf(client: Client): { password?: unknown } | undefined {
  const parameters: unknown = Reflect.get(client, 'connectionParameters');
  return typeof parameters === 'object' && parameters !== null ? parameters : undefined;
}
