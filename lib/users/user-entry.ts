import type { Timestamp } from '../common/clock.js';
import { usableUntil } from '../engine/refresh-policy.js';
import type { UserResource } from './user-resources.js';
import { UserSlot } from './user-slot.js';
import type { UserInteractionRequiredError } from './user-token.error.js';

// In bytes, as measured on 64 bits, without texts: an entry with its place in the map, whose it is, a slot after the first, the
// wrapper of a token, and a refusal.
const bytesOfEntry = 198;
const bytesOfPerson = 32;
const bytesOfSlot = 80;
const bytesOfToken = 155;
const bytesOfRefusal = 300;

const mostSlots = 32;

/**
 * What is held for one grant: a token for each resource. Holds no assertion: callers bring it along. The entry itself is the
 * slot of the first resource, since nearly every user has one, and those of further resources follow: what a look-up reads
 * lies together.
 */
export class UserEntry extends UserSlot {
  readonly key: string;
  /** A number of more than 31 bits is an object of its own, of 16 bytes and elsewhere in memory. Seconds are none until 2038. */
  readonly #endsAtInSeconds: number;
  /** Tenant of the user, where it is known and not the configured one. */
  tenantId: string | undefined;
  /** Whose it is, as `personKey` has it; `undefined` while that is not known. */
  person: string | undefined = undefined;
  /** Whether it was used since it was put in its place. Kept by `UserCache`, as its neighbours are. */
  isUsed = false;
  newer: UserEntry | undefined = undefined;
  older: UserEntry | undefined = undefined;
  /** Size by which `UserCache` counts it; zero while it is not in there. */
  countedBytes = 0;

  constructor(key: string, endsAt: Timestamp, tenantId: string | undefined) {
    super();
    this.key = key;
    this.#endsAtInSeconds = Math.floor(endsAt / 1000);
    this.tenantId = tenantId;
  }

  /** When the grant ends, to the second; nothing is served from then on. Infinity for a grant without an end of its own. */
  get endsAt(): Timestamp {
    return this.#endsAtInSeconds * 1000;
  }

  /** The slots of all resources. */
  slots(): Generator<UserSlot, void, undefined> {
    return from(this.resource === undefined ? undefined : this);
  }

  /** The slot of a resource, if there is one. */
  find(resource: UserResource): UserSlot | undefined {
    if (this.resource === resource) return this;
    let slot = this.next;
    while (slot !== undefined && slot.resource !== resource) slot = slot.next;
    return slot;
  }

  /** The slot of a resource. Of more than 32, the oldest but for the first makes room. */
  slotOf(resource: UserResource): UserSlot {
    const known = this.find(resource);
    if (known !== undefined) return known;
    const slot = this.resource === undefined ? this : new UserSlot();
    slot.resource = resource;
    if (slot !== this) append(this, slot);
    return slot;
  }

  /** Entra's last refusal for one of the resources. */
  get lastRefusal(): UserInteractionRequiredError | undefined {
    const refusals = [...this.slots()].flatMap(({ refusal }) => refusal ?? []);
    return refusals.sort((a, b) => b.at - a.at)[0]?.error;
  }

  /** Until when a slot's token is handed out: before it ends, and before the grant does. */
  usableUntil({ token, isRejected }: UserSlot): Timestamp {
    return token === undefined || isRejected ? 0 : Math.min(usableUntil(token), this.endsAt);
  }

  /** Whether nothing of it is of use any more. */
  isOver(now: Timestamp): boolean {
    return this.endsAt <= now;
  }

  /** Called when the cache lets go of it. A credential of the caller may still have it, and serve from it. */
  dropped(): void {}

  /** Notes whose it is. Lets go of the tokens of someone else. */
  belongTo(person: string | undefined): void {
    if (this.person === person) return;
    if (this.person !== undefined) this.tenantId = undefined;
    this.clear();
    this.person = person;
  }

  override clear(): void {
    super.clear();
    this.next = undefined;
  }

  get bytes(): number {
    let bytes = bytesOfEntry + this.key.length;
    if (this.person !== undefined) bytes += bytesOfPerson;
    for (const slot of this.slots()) {
      const { token, refusal } = slot;
      if (slot !== this) bytes += bytesOfSlot;
      if (token !== undefined) bytes += bytesOfToken + token.token.length;
      if (refusal !== undefined) bytes += bytesOfRefusal + lengthOf(refusal.error);
    }
    return bytes;
  }
}

function lengthOf({ message, stack, wwwAuthenticate, claims }: UserInteractionRequiredError): number {
  return [message, stack, wwwAuthenticate, claims].reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

function* from(first: UserSlot | undefined): Generator<UserSlot, void, undefined> {
  for (let slot = first; slot !== undefined; slot = slot.next) yield slot;
}

function append(entry: UserEntry, slot: UserSlot): void {
  let last: UserSlot = entry;
  let count = 1;
  for (; last.next !== undefined; count++) last = last.next;
  last.next = slot;
  if (count >= mostSlots) entry.next = entry.next?.next;
}
