import type { Clock } from '../../common/clock.js';
import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { kindOf } from '../../common/option-checks.js';
import { checkOptions, numberCheck, type OptionTable } from '../../common/option-table.js';
import { asError } from '../../common/thrown.js';
import { remedyOf } from '../../reference/error-reference.js';
import type { NestDataSources } from '../stand-in.data-sources.js';
import { remedyOfAll, type EntraHealthResult } from './health-status.js';
import { SharedProbes } from './shared-probes.js';

/** Which database a health check logs in to, and how long that may take. */
export interface DataSourceHealthOptions {
  /** Name of the data source. Default: `'default'`. */
  name?: string;
  /**
   * How long the probe may take, in milliseconds: the wait for a token, the login, a second one when the token is
   * refused, and the query. A caller that shares the probe of another waits no longer than this. Default: 5000.
   */
  timeoutInMs?: number;
}

/** What a probe found. */
export interface DataSourceHealth {
  /** Milliseconds that the login and its query took. */
  durationInMs: number;
  /** Why the data source is down, or what was wrong with its pool. Free of secrets. */
  message?: string;
  /** What a person must do; absent when the data source is up, or the remedy is not known. */
  remedy?: string;
  /**
   * How many idle connections of the pool did not answer although the server took a new login; they were closed. Absent
   * when there was none.
   */
  silentConnections?: number;
  /** `false` when the data source sends its token to a server that is not verified; else absent. */
  verifiedTls?: false;
}

/** What the probes of all data sources found. */
export interface DataSourcesHealth {
  /** By the name of the data source. */
  dataSources: Record<string, DataSourceHealth & { status: 'up' | 'down' }>;
  /** What a person must do, for all of them. */
  remedy?: string;
}

type Probe = DataSourceHealth & { status: 'up' | 'down' };

const healthTable = {
  name: (path, value = 'default') => {
    if (typeof value === 'string') return value;
    throw new EntraOptionsError(path, kindOf(value), 'Give the name of a data source, or leave it out.');
  },
  timeoutInMs: numberCheck(5_000, { min: 1, max: 600_000, unit: 'milliseconds' }),
} satisfies OptionTable<DataSourceHealthOptions>;

/**
 * Tells Terminus whether a *new* login to the database works. Connections in a pool outlive their tokens, so a query
 * on one of them proves nothing about the next login. Each probe is one physical login outside every pool; its result
 * serves for five seconds, and probes that come together share one. It also asks the idle connections of the pool, and
 * reports and closes those that are silent. As in a pool, a token that the server refuses is
 * replaced, and the login tried once more.
 *
 * @see https://docs.nestjs.com/recipes/terminus
 */
export class EntraDataSourceHealthIndicator {
  readonly #dataSources: Pick<NestDataSources, 'names' | 'probe' | 'verifiesServers'>;
  readonly #clock: Clock;
  readonly #probes: SharedProbes<Probe>;

  /** @internal made by the module */
  constructor(dataSources: Pick<NestDataSources, 'names' | 'probe' | 'verifiesServers'>, clock: Clock) {
    this.#dataSources = dataSources;
    this.#clock = clock;
    this.#probes = new SharedProbes('the database', clock);
  }

  /**
   * @param key name of the entry in the health report
   * @throws {EntraOptionsError} for an option that is unknown, and when `timeoutInMs` is not from 1 to 600000
   */
  async isHealthy<K extends string>(
    key: K,
    options: DataSourceHealthOptions = {},
  ): Promise<EntraHealthResult<K, DataSourceHealth>> {
    const fix = 'Give an object such as { timeoutInMs: 2_000 }.';
    const { name, timeoutInMs } = checkOptions('options', options, healthTable, fix);
    return { [key]: await this.#latest(name, timeoutInMs) } as EntraHealthResult<K, DataSourceHealth>;
  }

  /**
   * The same for every data source of the module's options, all at once: down when one of them is.
   *
   * @param key name of the entry in the health report
   * @throws {EntraOptionsError} for an option that is unknown, when `timeoutInMs` is not from 1 to 600000, and when no data
   *   source is configured
   */
  async areHealthy<K extends string>(
    key: K,
    options: Omit<DataSourceHealthOptions, 'name'> = {},
  ): Promise<EntraHealthResult<K, DataSourcesHealth>> {
    const fix = 'Give an object such as { timeoutInMs: 2_000 }.';
    const { timeoutInMs } = checkOptions('options', options, { timeoutInMs: healthTable.timeoutInMs }, fix);
    const probes = this.#dataSources
      .names()
      .map(async (name) => [name, await this.#latest(name, timeoutInMs)] as const);
    const found = await Promise.all(probes);
    const health = {
      status: found.every(([, { status }]) => status === 'up') ? 'up' : 'down',
      dataSources: Object.fromEntries(found),
      ...remedyOfAll(found.map(([, { remedy }]) => remedy)),
    };
    return { [key]: health } as EntraHealthResult<K, DataSourcesHealth>;
  }

  #latest(name: string, timeoutInMs: number): Promise<Probe> {
    return this.#probes.latest(name, timeoutInMs, () => this.#probe(name, timeoutInMs));
  }

  async #probe(name: string, timeoutInMs: number): Promise<Probe> {
    const startedAt = this.#clock.now();
    const duration = (): number => this.#clock.now() - startedAt;
    let guard: Pick<DataSourceHealth, 'verifiedTls'> = {};
    try {
      if (!this.#dataSources.verifiesServers(name)) guard = { verifiedTls: false };
      const silent = await this.#dataSources.probe(name, 'select 1', timeoutInMs);
      return { status: 'up', durationInMs: duration(), ...silence(silent), ...guard };
    } catch (error) {
      const { message } = asError(error);
      return {
        status: 'down',
        durationInMs: duration(),
        message,
        ...remedyOfAll([remedyOf(error)]),
        ...guard,
      };
    }
  }
}

function silence(silentConnections: number): Pick<DataSourceHealth, 'silentConnections' | 'message'> {
  if (silentConnections === 0) return {};
  const message =
    `${silentConnections} idle connections of the pool did not answer although the server takes new logins. They ` +
    'were closed. Check what forgets connections between here and the server.';
  return { silentConnections, message };
}
