import type { AccessToken } from '../credential/token-credential.js';
import { HeldAccessToken } from '../token/held-access-token.js';

interface Refusals {
  /** Different tokens that were refused since the last accepted login: two say that no token helps. */
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

  /** @param retryInMs how often to try a new token for a role that was accepted before, and is not any more */
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
   * Whether a new token may help. For a role that never worked, two refused tokens are enough until it does. One that
   * worked before may have lost two tokens in a row, as when both were revoked, so it is tried again from time to time.
   */
  mayRenew(login: string, now: number): boolean {
    const { tokens, acceptedTokenAcquiredAt, renewedAt } = this.#of(login);
    return tokens.length < 2 || (acceptedTokenAcquiredAt > -Infinity && now - renewedAt >= this.#retryInMs);
  }

  #of(login: string): Refusals {
    return this.#byLogin.get(login) ?? unknown;
  }
}

function acquiredAt(token: AccessToken): number {
  return token instanceof HeldAccessToken ? token.acquiredAt : 0;
}
