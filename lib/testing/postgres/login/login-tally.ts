import type { LoginRefusalReason } from './login-refusal.factory.js';

/** One decided login. It never holds the token. */
export interface LoginEvent {
  /** The user name that the client gave. */
  role: string;
  /** How the login ended. */
  outcome: 'accepted' | 'refused';
  /** Only for a refused login. */
  reason?: LoginRefusalReason;
  /** The token's `exp`; absent when there was no token or it could not be trusted. */
  tokenExpiresAt?: Date;
}

/** What became of the logins since the server started; live, so read it again for later numbers. */
export interface LoginCounters {
  /**
   * Logins whose token was verified at that moment and fits the role. What the database itself answers afterwards,
   * such as "database does not exist", is not counted.
   */
  readonly accepted: number;
  /** How many logins were refused. */
  readonly refused: number;
  /** Every reason is present, 0 where it did not happen. */
  readonly refusedBy: Readonly<Record<LoginRefusalReason, number>>;
  /** The shortest life that an accepted token had left, in seconds; `undefined` before the first accepted login. */
  readonly minRemainingLifeInSeconds: number | undefined;
}

/** Counts logins. */
export class LoginTally implements LoginCounters {
  accepted = 0;
  refused = 0;
  minRemainingLifeInSeconds: number | undefined;
  readonly refusedBy: Record<LoginRefusalReason, number> = {
    malformed: 0,
    signature: 0,
    expired: 0,
    'not-yet-valid': 0,
    audience: 0,
    tenant: 0,
    'no-encryption': 0,
    'unknown-role': 0,
    'wrong-principal': 0,
    'token-of-application': 0,
    'token-of-user': 0,
    revoked: 0,
  };

  accept(remainingLifeInSeconds: number): void {
    this.accepted += 1;
    this.minRemainingLifeInSeconds = Math.min(
      this.minRemainingLifeInSeconds ?? Infinity,
      remainingLifeInSeconds,
    );
  }

  refuse(reason: LoginRefusalReason): void {
    this.refused += 1;
    this.refusedBy[reason] += 1;
  }
}
