import type { Clock } from '../common/clock.js';
import type { CredentialConfiguration } from '../credential/credential-configuration.js';
import type { StartupMode } from '../engine/engine-settings.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { TokenCredential, TokenCredentialFactory } from '../entra/token-credential.js';
import type { EntraMsSqlDataSourceOptions } from '../mssql/mssql-data-source.options.js';
import type { EntraMySqlDataSourceOptions } from '../mysql/mysql-data-source.options.js';
import type {
  EntraDataSourceOptions,
  UnverifiedDataSourceOptions,
} from '../postgres/entra-data-source.options.js';
import type { UserTokenOptions } from '../users/user-tokens.options.js';

type AnyDataSourceOptions =
  | EntraDataSourceOptions
  | UnverifiedDataSourceOptions
  | EntraMySqlDataSourceOptions
  | EntraMsSqlDataSourceOptions;

/**
 * A credential as plain data, a function that makes one, or an instance. With the first two, a new instance can be
 * made to get past the cache of the old one.
 */
export type CredentialOption = CredentialConfiguration | TokenCredentialFactory | TokenCredential;

/** Options of `EntraAuthModule.forRoot()`, and what the factory of `forRootAsync()` returns. */
export interface EntraAuthModuleOptions {
  /**
   * Where tokens come from, for every resource that names no credential of its own.
   *
   * Plain data such as `{ kind: 'managed-identity' }` is best: the module then makes the credential without its own
   * retries and with a deadline on each request. A function comes next. An instance is worst: credentials of
   * `@azure/identity` keep a cache that returns the old token until five minutes before its end, and only a new
   * instance is free of it.
   *
   * @default `{ kind: 'default' }`: `DefaultAzureCredential`, loaded when the first token is needed
   */
  credential?: CredentialOption;
  /**
   * The national cloud that the application runs in.
   *
   * @default 'public'
   */
  cloud?: EntraCloud;
  /**
   * The resources whose tokens are kept fresh, by a name of your choice. `postgres`, `graph`, `mysql`, `sql`,
   * `redis`, `keyvault`, `storage` and `management` are known by name and need no scopes: `{ graph: {} }`.
   *
   * @default none; that of the database when there is a `dataSource`
   */
  resources?: Record<string, ResourceOptions>;
  /** When and how tokens are refreshed, for every resource without options of its own. */
  refresh?: RefreshOptions;
  /** Tokens that are asked for by scopes or a tenant that no resource names. */
  onDemand?: OnDemandOptions;
  /**
   * What boot does about the first tokens.
   *
   * @default 'wait'
   */
  startup?: StartupMode;
  /**
   * How long boot waits for the first tokens when `startup` is `'wait'`, in milliseconds.
   *
   * @default 30000
   */
  startupTimeoutInMs?: number;
  /**
   * The TypeORM data sources that log in with a token: the options of the default one (recognised by its
   * `type`, `'postgres'`, `'mysql'` or `'mssql'`), or several by name.
   */
  dataSource?: AnyDataSourceOptions | Record<string, AnyDataSourceOptions>;
  /**
   * Tokens of the users who call this application, by the on-behalf-of flow: `EntraUserTokenService` of
   * `nestjs-entra-auth/users` has them.
   *
   * @default none
   */
  users?: UserTokenOptions;
  /**
   * Whether metrics and spans are reported to OpenTelemetry. Without an SDK in the application that costs nothing.
   *
   * @default whether `@opentelemetry/api` is installed
   */
  telemetry?: boolean;
  /**
   * Time and chance, for tests.
   *
   * @default the machine's clock
   */
  clock?: Clock;
}

/** Options of one resource. */
export interface ResourceOptions {
  /** One scope or several of one resource, such as `https://graph.microsoft.com/.default`. */
  scopes?: string | readonly string[];
  /** Tenant to ask for the token. Default: the credential's own. */
  tenantId?: string;
  /**
   * Asks for tokens that take part in Continuous Access Evaluation.
   *
   * @default false
   * @see https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation
   */
  enableCae?: boolean;
  /** Where this resource's tokens come from. Default: the module's `credential`. */
  credential?: CredentialOption;
  /** When and how this resource's tokens are refreshed. What is left out is taken from the module's `refresh`. */
  refresh?: RefreshOptions;
}

/** What is held for scopes and tenants that no resource names. */
export interface OnDemandOptions {
  /**
   * How many such tokens are held at most, about 1 kB each beyond the token. Unused ones make room for new ones;
   * when all are in use, a new one is not kept, and is fetched again for each call.
   *
   * @default 10000
   */
  maxTokens?: number;
}

/** When and how tokens are refreshed. */
export interface RefreshOptions {
  /**
   * Whether tokens are refreshed ahead of time by timers. Without, they are refreshed by the first use after they
   * are due, still in the background of that use.
   *
   * @default true
   */
  background?: boolean;
  /**
   * The share of a token's life after which a new one is fetched; sooner if the issuer asks for it. A half
   * leaves as much time again to get through an outage.
   *
   * @default 0.5
   */
  shareOfLife?: number;
  /**
   * The share of a token's life by which a refresh may be moved forward at random, so that replicas that started
   * together do not ask together.
   *
   * @default 0.05
   */
  jitter?: number;
  /**
   * How long one attempt to get a token may take, in milliseconds. Credentials ignore abort signals, so an attempt
   * that is given up may still finish later; its token is then used if it is newer.
   *
   * @default 20000
   */
  attemptTimeoutInMs?: number;
  /**
   * Delays after failed attempts. They are random between zero and a bound that doubles; while a token is held, and
   * until its last three minutes, they are longer.
   */
  backoff?: {
    /** Bound of the first delay, in milliseconds. Default: 1000. */
    initialDelayInMs?: number;
    /** Bound of every delay without a token, and in a token's last three minutes, in milliseconds. Default: 30000. */
    maxDelayInMs?: number;
    /**
     * The share of what is left of a held token's life, but for its last three minutes, after which to try again: on
     * average, at random between 60 % and all of it by default, and half an hour on average at most. This spreads
     * the requests of a fleet after an outage. It begins with the second retry: the first comes at once. Zero
     * turns it off, so that a new token comes sooner.
     *
     * @default 0.8
     */
    shareOfLifeLeft?: number;
  };
  /**
   * How often to try again after an error that a person must repair, such as an expired client secret, in
   * milliseconds. The repair is picked up without a restart.
   *
   * @default 300000
   */
  permanentErrorRetryInMs?: number;
  /**
   * Minimum time between two forced refreshes, in milliseconds. It keeps a wrong role name from hammering the token
   * endpoint.
   *
   * @default 30000
   */
  forcedRefreshCooldownInMs?: number;
}

/** What `useClass` and `useExisting` of `forRootAsync()` provide. */
export interface EntraAuthOptionsFactory {
  /** The options, checked as those of `forRoot()` are. What it throws ends the boot. */
  createEntraAuthOptions(): EntraAuthModuleOptions | Promise<EntraAuthModuleOptions>;
}
