import { identityOption, personKey } from './person.js';
import type { UserSignIns } from './sign-ins/user-sign-ins.js';
import type { UserCache } from './user-cache.js';
import type { UserExchanges } from './user-exchanges.js';

/** What was deleted of a person. */
export interface ForgottenUser {
  /** Assertions and sign-ins whose tokens this process held. */
  readonly held: number;
  /** Records of the shared cache. */
  readonly shared: number;
  /** Stored sign-ins and sessions. */
  readonly signIns: number;
  /** Stored sign-ins that do not tell whose they are, such as damaged ones. They stay. */
  readonly unknownSignIns: number;
}

interface HeldAndStored {
  cache: UserCache;
  exchanges: UserExchanges;
  signIns: UserSignIns | undefined;
}

/**
 * Deletes what is held and stored of a person, as far as it can, whatever fails.
 *
 * @throws the first failure, once everything else is deleted
 */
export async function forgetUser(
  given: unknown,
  { cache, exchanges, signIns }: HeldAndStored,
): Promise<ForgottenUser> {
  const user = identityOption('user', given);
  const person = personKey(user);
  const sharing = exchanges.forget(person);
  const held = cache.forget(person);
  const [shared, stored] = await Promise.allSettled([sharing, signIns?.forgetAllOf(user)]);
  if (shared.status === 'rejected') throw shared.reason;
  if (stored.status === 'rejected') throw stored.reason;
  const { forgotten = 0, unknown = 0 } = stored.value ?? {};
  return { held, shared: shared.value, signIns: forgotten, unknownSignIns: unknown };
}
