import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { type Observable, Subject } from 'rxjs';

import { withDeadline } from '../common/deadline.js';
import { EntraOptionsError, EntraTimeoutError, isEntraAuthError } from '../common/entra-auth.error.js';
import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { GuardedObservable } from '../common/guarded-observable.js';
import { asError } from '../common/thrown.js';
import type { EngineSettings } from '../engine/engine-settings.js';
import type { TokenEngine } from '../engine/token-engine.js';
import type {
  DatabaseConnector,
  DatabaseKind,
  DatabaseKinds,
  SilenceCheck,
  SingleLogin,
} from './database-kind.js';
import type { LoginEvent } from './login-event.js';
import { openingOption } from './opening.js';
import type { ResolvedDatabase } from './resolved-database.js';
import { resolveRoleName } from './role-name.resolver.js';

const leastPatienceInMs = 1_000;

/** A server that is slow is slow on every connection: they get as long as a new login took, and a second at least. */
function patienceInMs(loginInMs: number, leftInMs: number): number {
  return Math.max(0, Math.min(Math.max(loginInMs, leastPatienceInMs), leftInMs / 2));
}

/** What the data sources need to know: the options after defaults and checks. */
export type DataSourceSettings = EngineSettings & { dataSources: ReadonlyMap<string, ResolvedDatabase> };

/** The data sources of the options: their TypeORM options, whose password is the current access token, and probes. */
export class DataSources {
  readonly #options: DataSourceSettings;
  readonly #kinds: DatabaseKinds;
  readonly #tokens: TokenEngine;
  readonly #logger: LineLogger;
  readonly #logins = new Subject<LoginEvent>();
  readonly logins: Observable<LoginEvent>;
  /** The roles that were found in tokens, by data source. */
  readonly #roles = new Map<string, string>();
  readonly #connectors = new Map<string, DatabaseConnector>();
  /** Data sources whose options TypeORM has asked for. */
  readonly #requested = new Set<string>();
  /** Data sources that have been warned of. */
  readonly #warned = new Set<string>();

  constructor(
    options: DataSourceSettings,
    kinds: DatabaseKinds,
    { tokens, logger }: { tokens: TokenEngine; logger: LineLogger },
  ) {
    this.#options = options;
    this.#kinds = kinds;
    this.#tokens = tokens;
    this.#logger = new GuardedLogger(logger);
    this.logins = new GuardedObservable<LoginEvent>(this.#logins, this.#logger);
  }

  /**
   * The options of a TypeORM data source that asks for the password on each new connection.
   *
   * @param name the data source's name in the options. Default: `'default'`
   * @throws {EntraOptionsError} for an unknown data source, or its driver is not installed
   * @throws {TokenUnavailableError} when there is no token and the option `startup` is `'wait'`
   */
  async typeOrmOptions(name?: string): Promise<TypeOrmModuleOptions> {
    const configured = this.#dataSource(name);
    this.#requested.add(configured.name);
    // TypeORM connects before Nest starts the token service, and would report a missing token ten times over.
    await this.#tokens.ready(configured.resource);
    const dataSource = await this.#withRole(configured);
    this.#warnOnce(dataSource);
    const connector = await this.#connector(dataSource);
    const toRetry = dataSource.typeOrmOptions['toRetry'] as ((error: unknown) => boolean) | undefined;
    return {
      ...connector.typeOrmOptions(),
      // Repeating the first connection for half a minute cannot repair a wrong secret or a wrong role.
      toRetry: (error: unknown) =>
        !(isEntraAuthError(error) && !error.retryable) && (toRetry === undefined || toRetry(error)),
    };
  }

  /**
   * Makes one login outside any pool, to the only server or the master, and runs a query; the same query goes to the
   * idle connections of the pools. Those that do not answer although the server answers a new login are closed.
   *
   * @param deadlineInMs how long all of it may take; then nothing of it is left
   * @returns how many idle connections were silent
   */
  async probe(name: string | undefined, query: string, deadlineInMs: number): Promise<number> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const configured = this.#dataSource(name);
    let login: SingleLogin | undefined;
    let late = false;
    const run = async (): Promise<number> => {
      const connector = await this.#connector(await this.#withRole(configured));
      login = connector.singleLogin();
      if (late) return 0;
      const check = connector.askIdle(query);
      await login.query(query);
      const passed = clock.now() - startedAt;
      return this.#silentAfter(check, patienceInMs(passed, deadlineInMs - passed));
    };
    const onTimeout = (): Error => {
      late = true;
      try {
        login?.close();
      } catch (error) {
        this.#logger.debug(`A probe could not be ended: ${asError(error).message}`);
      }
      return this.#lateError(configured, deadlineInMs);
    };
    return withDeadline(run(), { timeoutInMs: deadlineInMs, clock, onTimeout });
  }

  async #silentAfter({ allAnswered, closeSilent }: SilenceCheck, timeoutInMs: number): Promise<number> {
    const { clock } = this.#options;
    const silent = new EntraTimeoutError('An idle connection', timeoutInMs, 'It is closed.');
    await withDeadline(allAnswered, { timeoutInMs, clock, onTimeout: () => silent }).catch(() => undefined);
    return closeSilent();
  }

  #lateError({ name, resource, primary }: ResolvedDatabase, timeoutInMs: number): EntraTimeoutError {
    if (this.#tokens.heldToken(resource) === undefined) {
      const what = `Waiting for the access token of the resource "${resource}"`;
      return new EntraTimeoutError(what, timeoutInMs, 'Check that the token endpoint can be reached.');
    }
    const what = `A login to ${primary.host}:${primary.port} for the data source "${name}"`;
    return new EntraTimeoutError(what, timeoutInMs, 'Check that the server can be reached and answers.');
  }

  /** Whether a token of the data source goes only to servers whose TLS is verified. */
  verifiesServers(name: string | undefined): boolean {
    const dataSource = this.#dataSource(name);
    return this.#kind(dataSource).unverifiedServers(dataSource).length === 0;
  }

  /**
   * The names of all data sources.
   *
   * @throws {EntraOptionsError} when there is none
   */
  names(): string[] {
    const names = [...this.#options.dataSources.keys()];
    if (names.length === 0) this.#dataSource(undefined);
    return names;
  }

  /** The data sources whose options TypeORM has not asked for. */
  unused(): string[] {
    return [...this.#options.dataSources.keys()].filter((name) => !this.#requested.has(name));
  }

  #warnOnce(dataSource: ResolvedDatabase): void {
    const { name } = dataSource;
    const open = this.#kind(dataSource).unverifiedServers(dataSource);
    if (open.length === 0 || this.#warned.has(name)) return;
    this.#warned.add(name);
    const hosts = open.map(({ host, port }) => `${host}:${port}`).join(', ');
    this.#logger.warn(
      `The data source "${name}" sends its access token to unverified servers: ${hosts}. A server that answers in ` +
        `their place can log in with it. Remove "${openingOption}".`,
    );
  }

  #kind({ type }: ResolvedDatabase): DatabaseKind {
    return this.#kinds[type];
  }

  #dataSource(name = 'default'): ResolvedDatabase {
    const dataSource = this.#options.dataSources.get(name);
    if (dataSource !== undefined) return dataSource;
    const known = [...this.#options.dataSources.keys()].map((key) => `"${key}"`).join(', ');
    throw new EntraOptionsError(
      'dataSource',
      `the data source "${name}" is not configured (configured: ${known === '' ? 'none' : known})`,
      `Add it to the module's "dataSource", or use a name that is configured.`,
    );
  }

  /** Fills in the role where the options leave it to the token. */
  async #withRole(dataSource: ResolvedDatabase): Promise<ResolvedDatabase> {
    const { roles } = this.#kind(dataSource);
    if (roles === undefined || dataSource.endpoints.every(({ username }) => username !== undefined))
      return dataSource;
    let role = this.#roles.get(dataSource.name);
    if (role === undefined) {
      role = await resolveRoleName(dataSource, roles.names, this.#tokens, this.#options);
      this.#roles.set(dataSource.name, role);
    }
    return roles.withUsername(dataSource, role);
  }

  /** One for each data source: pools and probes learn from each other which tokens are refused. */
  async #connector(dataSource: ResolvedDatabase): Promise<DatabaseConnector> {
    const { clock, resources, policy } = this.#options;
    const { permanentErrorRetryInMs: retryInMs } = resources.get(dataSource.resource)?.policy ?? policy;
    const onLogin = (event: () => LoginEvent): void => {
      if (this.#logins.observed) this.#logins.next(event());
    };
    const context = { tokens: this.#tokens, clock, retryInMs, onLogin };
    const made = await this.#kind(dataSource).connector(dataSource, context);
    const known = this.#connectors.get(dataSource.name);
    if (known !== undefined) return known;
    this.#connectors.set(dataSource.name, made);
    return made;
  }
}
