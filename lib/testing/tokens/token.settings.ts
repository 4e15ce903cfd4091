import type { TokenLifetime } from './token-lifetime.js';

/** What the user may change while the local Entra runs, as far as tokens are concerned. */
export interface TokenSettings {
  tokenLifetimeInSeconds: TokenLifetime;
  /** From 0 to below 1. */
  readonly random: () => number;
  refreshInSeconds: number | undefined;
  graphAuthenticationContext: string | undefined;
  graphChallengeStatus: 401 | 403;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
