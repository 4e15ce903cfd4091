import type { SharedTokensState } from './shared/shared-tokens.js';

/** What is held, and what was done for it. */
export interface UserTokensState {
  /** Assertions and sign-ins whose tokens are held. */
  readonly users: number;
  /** Size of what is held. */
  readonly bytes: number;
  /** Live users that made room for others: more than a few call for a larger `cache`. */
  readonly evictions: number;
  /** Exchanges that wait or are under way. */
  readonly pending: number;
  /** Exchanges and redemptions that were begun. */
  readonly exchanges: number;
  /** Exchanges that gave no token. */
  readonly failures: number;
  /** What came of the shared cache, where there is one. */
  readonly shared?: SharedTokensState;
  /** Refreshes in the background that wait for their turn: more than `maxRequestsPerSecond` are due. */
  readonly waitingRefreshes: number;
  /** Stored sign-ins that Entra has refused, as far as this process knows: their users must sign in again. */
  readonly refused: number;
  /** New refresh tokens that could not be stored yet, and would be lost with the process. */
  readonly unsaved: number;
}
