import type { Timestamp } from '../common/clock.js';
import { problemOf, type EntraAuthError } from '../common/entra-auth.error.js';
import type { CredentialState } from '../entra/credential-state.js';

/** What the state is made of, without secrets. */
export interface RefreshTokenFacts {
  obtainedOn: Timestamp | undefined;
  spa: boolean;
  /** Why no new token is provided, when it needs a repair. */
  error: EntraAuthError | undefined;
  /** Whether the repair is a new sign-in. */
  signIn: boolean;
  /** Whether a new refresh token in memory must still be stored. */
  unsaved: boolean;
  storeProblem: EntraAuthError | undefined;
}

const hour = 3_600_000;
const day = 24 * hour;

/**
 * How long a refresh token lives unless it is redeemed, in milliseconds.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
 */
export const refreshTokenLife = 90 * day;

/** How long refresh tokens live, and how long before their end the warning begins. */
const lives = {
  ordinary: { life: refreshTokenLife, near: 14 * day },
  // Successors end with the first refresh token.
  spa: { life: day, near: 6 * hour },
};

/** Summarizes the facts as the state of the credential. */
export function refreshTokenState(facts: RefreshTokenFacts, now: Timestamp): CredentialState {
  const { obtainedOn, spa } = facts;
  const { life, near } = spa ? lives.spa : lives.ordinary;
  const end = obtainedOn === undefined ? undefined : obtainedOn + life;
  const warning = end === undefined || now < end - near ? undefined : warningOf(end, spa, now);
  return {
    ...standing(facts),
    obtainedOn: obtainedOn === undefined ? null : new Date(obtainedOn),
    ...(facts.unsaved && { unsaved: true }),
    expiresBy: end === undefined ? null : new Date(end),
    ...(warning !== undefined && { warning }),
  };
}

function standing(facts: RefreshTokenFacts): Pick<CredentialState, 'name' | 'problem' | 'fix'> {
  const { error, signIn, unsaved, storeProblem } = facts;
  if (error !== undefined && signIn) return { name: 'reauthentication-required', ...wordsOf(error) };
  if (unsaved) {
    const why = storeProblem === undefined ? '' : ` ${problemOf(storeProblem)}`;
    return {
      name: 'degraded',
      problem: `The new refresh token could not be stored and waits in memory.${why}`,
      fix: `Do not restart before it is stored. ${storeProblem?.fix ?? 'It is tried again.'}`,
    };
  }
  const other = storeProblem ?? error;
  return other === undefined ? { name: 'ready' } : { name: 'degraded', ...wordsOf(other) };
}

function wordsOf(error: EntraAuthError): { problem: string; fix: string } {
  return { problem: problemOf(error), fix: error.fix };
}

function warningOf(end: number, spa: boolean, now: number): string {
  const at = new Date(end).toISOString();
  if (now >= end) return `The refresh token should have expired at ${at}.`;
  return spa
    ? `The refresh token of a single-page application expires at ${at}; sign in again before.`
    : `The refresh token has not been replaced for long and expires at ${at}.`;
}
