import { HeldAccessToken } from '../entra/held-access-token.js';
import type { AccessToken } from '../entra/token-credential.js';

interface Refusals {
  /** Different tokens that were refused in a row; two mean that no token helps. */
  tokens: readonly AccessToken[];
  /** When the newest token that was accepted had been obtained. */
  acceptedTokenAcquiredAt: number;
  /** When a token was last replaced on account of this login. */
  renewedAt: number;
}

const unknown: Refusals = { tokens: [], acceptedTokenAcquiredAt: -Infinity, renewedAt: -Infinity };

/**
 * Tells refusals that a new token may end from those that it cannot: a server that refuses two different tokens
 * refuses the role. PostgreSQL gives both the same SQLSTATE.
 */
export class LoginRefusals {
  readonly #byLogin = new Map<string, Refusals>();
  readonly #retryInMs: number;

  /** @param retryInMs how often to try a new token for a role that two have been refused for */
  constructor(retryInMs: number) {
    this.#retryInMs = retryInMs;
  }

  /** @param login the server and the role */
  accepted(login: string, token: AccessToken): void {
    const { tokens, acceptedTokenAcquiredAt: before, renewedAt } = this.#of(login);
    const acceptedTokenAcquiredAt = Math.max(before, acquiredAt(token));
    if (tokens.length === 0 && acceptedTokenAcquiredAt === before) return;
    this.#byLogin.set(login, { tokens: [], acceptedTokenAcquiredAt, renewedAt });
  }

  refused(login: string, token: AccessToken): void {
    const known = this.#of(login);
    // A straggler: a newer token has been accepted since.
    if (acquiredAt(token) < known.acceptedTokenAcquiredAt || known.tokens.includes(token)) return;
    this.#byLogin.set(login, { ...known, tokens: [...known.tokens, token].slice(-2) });
  }

  renewed(login: string, now: number): void {
    this.#byLogin.set(login, { ...this.#of(login), renewedAt: now });
  }

  /**
   * Notes that a second try has ended. If its token was neither accepted nor refused, the refusal before it does not count
   * as the first of two.
   */
  tried(login: string): void {
    const known = this.#of(login);
    if (known.tokens.length === 1) this.#byLogin.set(login, { ...known, tokens: [] });
  }

  /** Whether this login has been refused with this very token. */
  wasRefused(login: string, token: AccessToken): boolean {
    return this.#of(login).tokens.includes(token);
  }

  /**
   * Whether a new token may help. Two refused tokens mean a wrong role. Both may have been revoked, or the role repaired
   * since, so it is tried again from time to time.
   */
  mayRenew(login: string, now: number): boolean {
    const { tokens, renewedAt } = this.#of(login);
    return tokens.length < 2 || now - renewedAt >= this.#retryInMs || now < renewedAt;
  }

  #of(login: string): Refusals {
    return this.#byLogin.get(login) ?? unknown;
  }
}

function acquiredAt(token: AccessToken): number {
  return token instanceof HeldAccessToken ? token.acquiredAt : 0;
}
