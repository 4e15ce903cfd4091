import type { Timestamp } from '../../common/clock.js';
import type { HeldAccessToken } from '../../entra/held-access-token.js';
import { isTenantGuid, sameTenant } from '../../entra/tenant.js';
import { validateAccessToken } from '../../entra/token-validation.js';
import type { SignInPlace } from '../challenge.js';
import { personOf } from '../person.js';
import { requestErrorOf } from '../request-error.js';
import { UserEntry } from '../user-entry.js';
import type { UserGrant, UserTokenOrder } from '../user-grant.js';
import { checkSameUser, userOf, wrongUser } from './adopted-response.js';
import { NoSignInError } from './attentive-store.js';
import type { SignIns } from './sign-ins.js';

/** What is held for a sign-in. */
export class SignInEntry extends UserEntry {
  readonly userKey: string;

  constructor(userKey: string) {
    super(signInEntryKey(userKey), Infinity, undefined);
    this.userKey = userKey;
  }

  override get bytes(): number {
    return super.bytes + this.userKey.length;
  }

  /** A sign-in has no end of its own: its tokens have. */
  override isOver(now: Timestamp): boolean {
    for (const slot of this.slots()) {
      if (slot.token !== undefined && now < slot.token.expiresOnTimestamp) return false;
      if (slot.isRefusedAt(now)) return false;
    }
    return true;
  }

  /** Serves nothing more, also to credentials that were made before: `forget` finds only what the cache holds. */
  override dropped(): void {
    this.clear();
  }
}

/** The key of its entry. That of an assertion is a hash of 32 characters. */
export function signInEntryKey(userKey: string): string {
  return `a sign-in, stored under the key ${userKey}`;
}

/** Obtains tokens by a stored sign-in. */
export class SignInGrant implements UserGrant {
  readonly #signIns: SignIns;
  readonly userKey: string;
  readonly kind = 'sign-in';
  #isStored = false;
  /** Replicas share tokens by the store of the sign-in. */
  readonly sharedKey = undefined;
  readonly usesStore = true;
  entry: UserEntry;

  constructor(signIns: SignIns, entry: SignInEntry) {
    this.#signIns = signIns;
    this.userKey = entry.userKey;
    this.entry = entry;
  }

  person(): string | undefined {
    return this.entry.person;
  }

  async request(order: UserTokenOrder): Promise<HeldAccessToken> {
    this.#isStored = true;
    try {
      const { token: shared, session } = await this.#signIns.obtain(this.userKey, order);
      this.entry.belongTo(personOf(session.user));
      const answered = userOf(shared.token);
      const isElsewhere = answered?.tenantId !== undefined && !this.#mayAnswer(answered.tenantId, order);
      if (isElsewhere) throw wrongUser();
      checkSameUser(session.user, answered);
      const { acquiredOnTimestamp: now, ...token } = shared;
      return validateAccessToken(token, order.resource.expectations, { now });
    } catch (error) {
      if (error instanceof NoSignInError) this.#isStored = false;
      throw error;
    }
  }

  async locate(): Promise<void> {
    this.entry.tenantId = await this.#signIns.tenantOf(this.userKey);
  }

  errorOf(error: unknown, resource: string, place: SignInPlace): Error {
    return requestErrorOf(error, resource, place);
  }

  /** An entry for each key that someone makes up would evict those of users. */
  isProvenBy(): boolean {
    return this.#isStored;
  }

  /** Whether the tenant that was asked grants tokens of that tenant: it is named by a GUID, a domain or as a group. */
  #mayAnswer(tenantId: string, { tenantId: asked }: UserTokenOrder): boolean {
    return isTenantGuid(asked) ? sameTenant(tenantId, asked) : this.#signIns.allows(tenantId);
  }
}
