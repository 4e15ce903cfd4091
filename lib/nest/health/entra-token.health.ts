import { checkOptions, type OptionTable } from '../../common/option-table.js';
import type { StartupMode } from '../../engine/engine-settings.js';
import type { TokenState } from '../../engine/token-state.js';
import type { EntraTokenService } from '../entra-token.service.js';

/** What Terminus 11 and 12 take as the result of an indicator. */
export type EntraHealthResult<K extends string, T extends object> = Record<K, { status: 'up' | 'down' } & T>;

/** Which tokens a health check looks at. */
export interface TokenHealthOptions {
  /** Name of the resource to look at. Default: all that are configured. */
  resource?: string;
}

const healthTable = {
  // The service refuses what is not the name of a resource.
  resource: (_, value): string | undefined => value as string | undefined,
} satisfies OptionTable<TokenHealthOptions>;

/**
 * Tells Terminus whether the tokens can serve. A token that is held although its refresh fails counts as up, with
 * the state `degraded`, or `reauthentication-required` when a person must sign in again before it ends: the application
 * works, and restarting it would only lose the token.
 *
 * ```ts
 * this.health.check([() => this.tokens.isHealthy('entra')])
 * ```
 *
 * @see https://docs.nestjs.com/recipes/terminus
 */
export class EntraTokenHealthIndicator {
  readonly #tokens: EntraTokenService;
  readonly #startup: StartupMode;

  /** @internal made by the module */
  constructor(tokens: EntraTokenService, startup: StartupMode) {
    this.#tokens = tokens;
    this.#startup = startup;
  }

  /**
   * Reads the known state, without any request.
   *
   * @param key name of the entry in the health report
   * @throws {EntraOptionsError} for an option that is unknown
   * @throws {UnknownResourceError} when there is no such resource
   */
  isHealthy<K extends string>(
    key: K,
    options: TokenHealthOptions = {},
  ): EntraHealthResult<K, { tokens: TokenState[] }> {
    const fix = 'Give an object such as { resource: "postgres" }.';
    const { resource } = checkOptions('options', options, healthTable, fix);
    const tokens = this.#tokens.state(resource).filter(({ configured }) => configured);
    const serving = tokens.every((token) => this.#canServe(token));
    return { [key]: { status: serving ? 'up' : 'down', tokens } } as EntraHealthResult<
      K,
      { tokens: TokenState[] }
    >;
  }

  #canServe({ state, failures }: TokenState): boolean {
    // With a lazy start, reporting an unused token as down would keep the traffic away that asks for it.
    if (state === 'pending') return this.#startup === 'lazy' && failures === 0;
    return state !== 'expired';
  }
}
