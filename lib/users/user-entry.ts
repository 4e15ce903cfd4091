import type { Timestamp } from '../common/clock.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import type { UserResource } from './user-resources.js';
import type { UserInteractionRequiredError } from './user-token.error.js';

// What an entry, its key, its place in the map, a slot and the wrapper of a token take, as measured.
const bytesOfEntry = 300;
const bytesOfSlot = 350;

/** The token of one user for one resource. */
export class UserSlot {
  readonly resource: UserResource;
  token: HeldAccessToken | undefined;
  /** Until when the token is handed out without question. */
  usableUntil: Timestamp = 0;
  /** When the next use fetches a new token. */
  dueAt: Timestamp = Infinity;
  /** For how long it has not been used, roughly: the look at all entries adds to it. */
  idleInMs = 0;
  /** Failed refreshes in a row. */
  failures = 0;
  /** Whether the resource rejected the token. */
  isRejected = false;
  rejectedAt: Timestamp = 0;
  /** Entra's last refusal, and until when it is repeated without a request. */
  refusal: { error: UserInteractionRequiredError; at: Timestamp; until: Timestamp } | undefined;

  constructor(resource: UserResource) {
    this.resource = resource;
  }

  /** Takes a token that was granted, unless the held one lives longer. @returns what is held */
  hold(token: HeldAccessToken, isChallenged: boolean): HeldAccessToken {
    const { token: before, isRejected } = this;
    const held =
      before === undefined || isRejected || isChallenged || before.expiresBefore(token) ? token : before;
    this.token = held;
    this.isRejected = false;
    this.failures = 0;
    this.refusal = undefined;
    return held;
  }

  /** Notes that the resource rejected a token, unless another one is held or it did so a moment ago. */
  reject(rejected: string, now: Timestamp, cooldownInMs: number): void {
    if (this.token?.token !== rejected || Math.abs(now - this.rejectedAt) < cooldownInMs) return;
    this.isRejected = true;
    this.rejectedAt = now;
    this.usableUntil = 0;
  }

  /** Whether a token that another replica fetched may take the place of the one that is held. */
  isOutdoneBy(other: HeldAccessToken): boolean {
    const { token, isRejected } = this;
    if (token === undefined) return true;
    return isRejected ? token.acquiredAt < other.acquiredAt : token.expiresBefore(other);
  }
}

const noSlots: UserSlot[] = [];

/** What is held for one grant: a token for each resource. Holds no assertion: callers bring it along. */
export class UserEntry {
  readonly key: string;
  /** When the grant ends; nothing is served from then on. Infinity for a grant without an end of its own. */
  readonly endsAt: Timestamp;
  /** Tenant of the user, where it is not the configured one. */
  readonly tenantId: string | undefined;
  slots: UserSlot[] = noSlots;
  /** Whether it was used since it was put in its place. Kept by `UserCache`, as its neighbours are. */
  isUsed = false;
  newer: UserEntry | undefined;
  older: UserEntry | undefined;
  /** Size by which `UserCache` counts it; zero while it is not in there. */
  countedBytes = 0;

  constructor(key: string, endsAt: Timestamp, tenantId: string | undefined) {
    this.key = key;
    this.endsAt = endsAt;
    this.tenantId = tenantId;
  }

  /** The slot of a resource, if there is one. */
  find(resource: UserResource): UserSlot | undefined {
    const { slots } = this;
    for (let n = 0; n < slots.length; n++) if (slots[n]?.resource === resource) return slots[n];
    return undefined;
  }

  /** The slot of a resource. Of more than 32, the oldest makes room. */
  slotOf(resource: UserResource): UserSlot {
    const known = this.find(resource);
    if (known !== undefined) return known;
    const slot = new UserSlot(resource);
    // Nearly every user has one: an array that grows, by `push` or by a spread, has room for seventeen.
    this.slots = this.slots.length === 0 ? [slot] : this.slots.slice(1 - mostSlots).concat(slot);
    return slot;
  }

  /** Entra's last refusal for one of the resources. */
  get lastRefusal(): UserInteractionRequiredError | undefined {
    const refusals = this.slots.flatMap(({ refusal }) => refusal ?? []);
    return refusals.sort((a, b) => b.at - a.at)[0]?.error;
  }

  /** Whether nothing of it is of use any more. */
  isOver(now: Timestamp): boolean {
    return this.endsAt <= now;
  }

  /** Called when the cache lets go of it. A credential of the caller may still have it, and serve from it. */
  dropped(): void {}

  get bytes(): number {
    return this.slots.reduce(
      (sum, { token }) => sum + bytesOfSlot + (token?.token.length ?? 0),
      bytesOfEntry,
    );
  }
}

const mostSlots = 32;
