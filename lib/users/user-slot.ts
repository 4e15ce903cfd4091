import type { Timestamp } from '../common/clock.js';
import { withoutFrames } from '../common/thrown.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { UserResource } from './user-resources.js';
import type { UserInteractionRequiredError } from './user-token.error.js';

// A front end that repeats its call meanwhile gets the same answer. Entra blocks clients that loop (AADSTS50196).
const refusalRepeatedForMs = 15_000;

/** Entra's last refusal, and the claims that were asked for. */
export interface UserRefusal {
  readonly error: UserInteractionRequiredError;
  readonly at: Timestamp;
  readonly claims: string | undefined;
}

/** What few slots have: apart, so that the others need no room for it. */
interface SlotTrouble {
  /** Failed refreshes in a row. */
  failures: number;
  /** Whether the resource rejected the token. */
  isRejected: boolean;
  rejectedAt: Timestamp;
  refusal: UserRefusal | undefined;
}

const noTrouble: SlotTrouble = {
  failures: 0,
  isRejected: false,
  rejectedAt: -Infinity,
  refusal: undefined,
};

/**
 * The token of one user for one resource. A hundred thousand of them are held: a private method would cost each another eight
 * bytes, and so would each field.
 */
export class UserSlot {
  /** Absent until something is known of it. */
  resource: UserResource | undefined = undefined;
  token: HeldAccessToken | undefined = undefined;
  /**
   * Until when the token is handed out without a further look: another one is due then, or this one no longer usable.
   */
  freshUntil: Timestamp = 0;
  /** For how long it has not been used, roughly: the look at all entries adds to it. */
  idleInMs = 0;
  #trouble: SlotTrouble | undefined = undefined;
  /** Another slot of the same entry. Kept by `UserEntry`. */
  next: UserSlot | undefined = undefined;

  get isRejected(): boolean {
    return this.#trouble?.isRejected ?? false;
  }

  get rejectedAt(): Timestamp {
    return this.#trouble?.rejectedAt ?? -Infinity;
  }

  get refusal(): UserRefusal | undefined {
    return this.#trouble?.refusal;
  }

  set refusal(refusal: UserRefusal | undefined) {
    if (refusal !== undefined) withoutFrames(refusal.error);
    if (refusal !== undefined || this.#trouble !== undefined)
      this.#trouble = changed(this.#trouble, { refusal });
  }

  /** Whether the last refusal is repeated without a request. A clock that was set back does not prolong it. */
  isRefusedAt(now: Timestamp): boolean {
    return this.refusal !== undefined && Math.abs(now - this.refusal.at) < refusalRepeatedForMs;
  }

  /** The last refusal of the same claims, while it is repeated. */
  repeatedRefusal(claims: string | undefined, now: Timestamp): UserInteractionRequiredError | undefined {
    return this.isRefusedAt(now) && this.refusal?.claims === claims ? this.refusal?.error : undefined;
  }

  /** Takes a token that was granted, unless the held one lives longer. @returns what is held */
  hold(token: HeldAccessToken, isChallenged: boolean): HeldAccessToken {
    const { token: before, isRejected, rejectedAt } = this;
    // The clock was set back: the end of the older one is not known.
    const isInDoubt = before !== undefined && token.acquiredAt < before.acquiredAt;
    const isTaken =
      before === undefined || isRejected || isChallenged || isInDoubt || before.expiresBefore(token);
    const held = isTaken ? token : before;
    this.token = held;
    this.#trouble = rejectedAt === -Infinity ? undefined : { ...noTrouble, rejectedAt };
    return held;
  }

  /** Notes that the resource rejected a token, unless another one is held or it did so a moment ago. */
  reject(rejected: string, now: Timestamp, cooldownInMs: number): void {
    if (this.token?.token !== rejected || Math.abs(now - this.rejectedAt) < cooldownInMs) return;
    this.#trouble = changed(this.#trouble, { isRejected: true, rejectedAt: now });
    this.freshUntil = 0;
  }

  /** Notes a failed refresh. The token is as good as before. @returns how many failed in a row */
  fail(): number {
    const failures = (this.#trouble?.failures ?? 0) + 1;
    this.#trouble = changed(this.#trouble, { failures, isRejected: false });
    return failures;
  }

  /** Holds nothing from now on. */
  clear(): void {
    this.resource = undefined;
    this.token = undefined;
    this.freshUntil = 0;
    this.#trouble = undefined;
  }

  /** Whether a token that another replica fetched may take the place of the one that is held. */
  isOutdoneBy(other: HeldAccessToken): boolean {
    const { token, isRejected } = this;
    if (token === undefined) return true;
    return isRejected ? token.acquiredAt < other.acquiredAt : token.expiresBefore(other);
  }
}

function changed(trouble: SlotTrouble | undefined, by: Partial<SlotTrouble>): SlotTrouble {
  return { ...noTrouble, ...trouble, ...by };
}
