import type { LoginCounters } from './login-counters.js';
import type { LoginRefusalReason } from './login-refusal-reason.js';

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
