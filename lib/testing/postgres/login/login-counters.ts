import type { LoginRefusalReason } from './login-refusal-reason.js';

/** What became of the logins since the server started; live, so read it again for later numbers. */
export interface LoginCounters {
  /**
   * Logins whose token was verified at that moment and fits the role. What the database itself says afterwards,
   * such as "database does not exist", is not counted.
   */
  readonly accepted: number;
  readonly refused: number;
  /** Every reason is present, 0 where it did not happen. */
  readonly refusedBy: Readonly<Record<LoginRefusalReason, number>>;
  /** The shortest life that an accepted token had left, in seconds; `undefined` before the first accepted login. */
  readonly minRemainingLifeInSeconds: number | undefined;
}
