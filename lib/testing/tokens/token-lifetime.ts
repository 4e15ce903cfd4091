import { atLeast } from '../checks.js';
import { graphAudiences } from './audiences.js';

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

/** Seconds, or as Entra draws them: 60 to 90 minutes and, for clients that understand claims challenges, 20 to 28 hours. */
export type TokenLifetime = number | 'as-entra';

/** @throws RangeError */
export function tokenLifetime(value: TokenLifetime): TokenLifetime {
  return value === 'as-entra' ? value : atLeast(1, value, 'tokenLifetimeInSeconds');
}

/**
 * The life of one token in whole seconds. Only Graph has long-lived ones, since it takes part in continuous access
 * evaluation.
 *
 * @param random - From 0 to below 1.
 * @see https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes
 * @see https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation
 */
export function drawLifetime(
  lifetime: TokenLifetime,
  { audience, capabilities }: { audience: string; capabilities: unknown },
  random: () => number,
): number {
  if (lifetime !== 'as-entra') return lifetime;
  const understands = Array.isArray(capabilities) && capabilities.some((one) => /^cp1$/i.test(String(one)));
  const [from, to] = understands && graphAudiences.includes(audience) ? [20 * 3600, 28 * 3600] : [3600, 5400];
  return Math.floor(from + random() * (to - from));
}

/** The same numbers in each run (mulberry32). */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
