import type { Clock } from '../../common/clock.js';
import { EntraOptionsError, EntraTimeoutError } from '../../common/entra-auth.error.js';
import { kindOf } from '../../common/option-checks.js';
import { checkOptions, numberCheck, type OptionTable } from '../../common/option-table.js';
import { asError } from '../../common/thrown.js';
import { RedisProbe, type RedisProbeOptions } from '../../redis/redis-probe.js';
import { remedyOf } from '../../reference/error-reference.js';
import type { EntraTokenService } from '../entra-token.service.js';
import { remedyOfAll, type EntraHealthResult } from './health-status.js';
import { SharedProbes, type ProbeReport } from './shared-probes.js';

/** Which Redis a health check logs in to, and how long that may take. */
export interface RedisHealthOptions extends RedisProbeOptions {
  /** How long the probe may take, in milliseconds: the wait for a token, the login and the reply. Default: 5000. */
  timeoutInMs?: number;
}

/** What a probe found. */
export type RedisHealth = Omit<ProbeReport, 'status'>;

// The probe itself checks what it is given.
const unchecked = <T>(_: string, value: unknown): T => value as T;

const healthTable = {
  host: (path, value) => {
    if (typeof value === 'string') return value;
    throw new EntraOptionsError(path, kindOf(value), 'Give the name of the server.');
  },
  port: numberCheck(10_000, { min: 1, max: 65_535, unit: 'a port' }),
  tls: unchecked<RedisProbeOptions['tls']>,
  resource: unchecked<string | undefined>,
  username: unchecked<string | undefined>,
  timeoutInMs: numberCheck(5_000, { min: 1, max: 600_000, unit: 'milliseconds' }),
} satisfies OptionTable<RedisHealthOptions>;

/**
 * Tells Terminus whether a *new* connection to Redis can log in, which a command on an open one does not prove. Each probe is
 * a connection of its own, with AUTH and PING; its result serves for five seconds, and probes that come together share one.
 *
 * ```ts
 * this.health.check([() => this.redis.isHealthy('redis', { host: 'name.region.redis.azure.net' })])
 * ```
 *
 * @see https://docs.nestjs.com/recipes/terminus
 */
export class EntraRedisHealthIndicator {
  readonly #tokens: EntraTokenService;
  readonly #clock: Clock;
  readonly #probes: SharedProbes<ProbeReport>;

  /** @internal made by the module */
  constructor(tokens: EntraTokenService, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
    this.#probes = new SharedProbes('Redis', clock);
  }

  /**
   * @param key name of the entry in the health report
   * @throws {EntraOptionsError} for an option that is unknown, that would let the token out, and when `timeoutInMs` is not
   *   from 1 to 600000
   * @throws {UnknownResourceError} for a name that is not configured
   */
  async isHealthy<K extends string>(
    key: K,
    options: RedisHealthOptions,
  ): Promise<EntraHealthResult<K, RedisHealth>> {
    const fix = 'Give an object such as { host: "name.region.redis.azure.net" }.';
    const { timeoutInMs, ...server } = checkOptions('options', options, healthTable, fix);
    const probe = new RedisProbe(this.#tokens, server);
    const { host, port, resource, username } = server;
    const id = JSON.stringify([host, port, resource, username]);
    const report = await this.#probes.latest(id, timeoutInMs, () => this.#probe(probe, timeoutInMs));
    return { [key]: report } as EntraHealthResult<K, RedisHealth>;
  }

  async #probe(probe: RedisProbe, timeoutInMs: number): Promise<ProbeReport> {
    const startedAt = this.#clock.now();
    const deadline = new AbortController();
    const late = new EntraTimeoutError('A probe of Redis', timeoutInMs, 'Check host, port and network.');
    const timer = this.#clock.setTimeout(() => deadline.abort(late), timeoutInMs);
    const durationInMs = (): number => this.#clock.now() - startedAt;
    try {
      await probe.run(deadline.signal);
      return { status: 'up', durationInMs: durationInMs() };
    } catch (error) {
      const { message } = asError(error);
      return { status: 'down', durationInMs: durationInMs(), message, ...remedyOfAll([remedyOf(error)]) };
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
}
