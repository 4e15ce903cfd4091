import type { ModulesContainer } from '@nestjs/core';

import type { Clock } from '../../common/clock.js';
import { checkOptions, numberCheck, type OptionTable } from '../../common/option-table.js';
import type { StartupMode } from '../../engine/engine-settings.js';
import type { TokenState } from '../../engine/token-state.js';
import type { EntraTokenService } from '../entra-token.service.js';
import {
  impairedStatus,
  remedyOfAll,
  type EntraHealthResult,
  type EntraHealthStatus,
} from './health-status.js';

/** Which tokens a health check looks at. */
export interface TokenHealthOptions {
  /** Name of the resource to look at. Default: all that are configured. */
  resource?: string;
  /**
   * The life that a held token must have left, in seconds: with less it counts as down, so that traffic goes elsewhere
   * before it ends. Default: 0, until it expires.
   */
  minRemainingSeconds?: number;
}

/** What is known of the tokens. Free of secrets. */
export interface TokenHealth {
  tokens: TokenState[];
  /** The life that is left of the token that ends first, in seconds; absent when none is held. */
  remainingSeconds?: number;
  /** What a person must do; absent when nothing is wrong. */
  remedy?: string;
}

/** What the indicator needs of the application. */
interface TokenHealthHost {
  startup: StartupMode;
  clock: Clock;
  modules?: ModulesContainer;
}

const day = 86_400;
const healthTable = {
  // The service refuses what is not the name of a resource.
  resource: (_, value): string | undefined => value as string | undefined,
  minRemainingSeconds: numberCheck(0, { min: 0, max: 7 * day, unit: 'seconds' }),
} satisfies OptionTable<TokenHealthOptions>;

/**
 * Tells Terminus whether the tokens can serve. A token that is held although its refresh fails, or a person must sign in
 * again before it ends, counts as `degraded` with Terminus 12 and as up with Terminus 11: the application works, and
 * restarting it would only lose the token.
 *
 * ```ts
 * this.health.check([() => this.tokens.isHealthy('entra')])
 * ```
 *
 * @see https://docs.nestjs.com/recipes/terminus
 */
export class EntraTokenHealthIndicator {
  readonly #tokens: EntraTokenService;
  readonly #host: TokenHealthHost;
  #impaired: EntraHealthStatus | undefined;

  /** @internal made by the module */
  constructor(tokens: EntraTokenService, host: TokenHealthHost) {
    this.#tokens = tokens;
    this.#host = host;
  }

  /**
   * Reads the known state, without any request.
   *
   * @param key name of the entry in the health report
   * @throws {EntraOptionsError} for an option that is unknown, and when `minRemainingSeconds` is not from 0 to 604800
   * @throws {UnknownResourceError} for a name that is not configured
   */
  isHealthy<K extends string>(key: K, options: TokenHealthOptions = {}): EntraHealthResult<K, TokenHealth> {
    const fix = 'Give an object such as { resource: "postgres" }.';
    const { resource, minRemainingSeconds } = checkOptions('options', options, healthTable, fix);
    const tokens = this.#tokens.state(resource).filter(({ configured }) => configured);
    const lives = tokens.map((token) => this.#remainingSeconds(token)).filter((left) => left !== undefined);
    const remainingSeconds = lives.length === 0 ? undefined : Math.min(...lives);
    const serves =
      tokens.every((token) => this.#canServe(token)) && (remainingSeconds ?? Infinity) >= minRemainingSeconds;
    const health: TokenHealth & { status: EntraHealthStatus } = {
      status: serves ? this.#servingStatus(tokens) : 'down',
      tokens,
      ...(remainingSeconds !== undefined && { remainingSeconds }),
      ...remedyOfAll(tokens.map(({ remedy }) => remedy)),
    };
    return { [key]: health } as EntraHealthResult<K, TokenHealth>;
  }

  #servingStatus(tokens: readonly TokenState[]): EntraHealthStatus {
    const impaired = tokens.some(
      ({ state }) => state === 'degraded' || state === 'reauthentication-required',
    );
    return impaired ? (this.#impaired ??= impairedStatus(this.#host.modules)) : 'up';
  }

  #remainingSeconds({ expiresAt }: TokenState): number | undefined {
    return expiresAt && Math.floor((expiresAt.getTime() - this.#host.clock.now()) / 1000);
  }

  #canServe({ state, failures }: TokenState): boolean {
    // With a lazy start, reporting an unused token as down would keep the traffic away that asks for it.
    if (state === 'pending') return this.#host.startup === 'lazy' && failures === 0;
    return state !== 'expired';
  }
}
