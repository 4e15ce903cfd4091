import type { StoreCalls } from '../../refresh-token/store-calls.js';
import { ifReadable } from '../../store/refresh-token-store.error.js';
import type { StoredRefreshToken } from '../../store/refresh-token-store.js';
import type { LoadedSignIn, SignInStore } from '../../store/sign-ins/sign-in-store.js';
import { isStoredUser, type UserIdentity } from '../person.js';

// Each is decoded at once: more would hold up the event loop.
const pageLength = 100;
// A load may take a connection of a pool.
const atOnce = 4;

/** The sign-ins of a person. */
export interface FoundSignIns {
  readonly userKeys: string[];
  /** How many do not tell whose they are. */
  readonly unknown: number;
}

/**
 * Finds the sign-ins of a person by reading every one: whose they are is encrypted.
 *
 * @throws {RefreshTokenStoreError} when the store cannot be read
 */
export async function findSignIns(
  user: UserIdentity,
  store: SignInStore,
  calls: StoreCalls,
): Promise<FoundSignIns> {
  const userKeys: string[] = [];
  let unknown = 0;
  let after: string | undefined;
  do {
    const page = await pageAfter(after, store, calls);
    for (const { key, value } of page) {
      if (isOfPerson(user, key, value)) userKeys.push(key);
      else if (value?.user === undefined) unknown++;
    }
    after = page.at(-1)?.key;
  } while (after !== undefined);
  return { userKeys, unknown };
}

/** Whether a sign-in is of a person, by what is stored or by its key. */
export function isOfPerson(user: UserIdentity, key: string, value: StoredRefreshToken | undefined): boolean {
  return key.toLowerCase() === user.objectId.toLowerCase() || isStoredUser(user, value?.user);
}

/** By one call where the store can, or else a call for each sign-in. */
async function pageAfter(
  after: string | undefined,
  store: SignInStore,
  calls: StoreCalls,
): Promise<readonly LoadedSignIn[]> {
  const inTime = <T>(read: () => Promise<T>): Promise<T> => calls.inTime(read, 'could not be read');
  const asked = { limit: pageLength, after };
  if (typeof store.loadPage === 'function') return inTime(() => store.loadPage!(asked));
  const page = await inTime(() => store.list(asked));
  const loaded: LoadedSignIn[] = [];
  const next = page.keys();
  const work = async (): Promise<void> => {
    for (const n of next) {
      const { key } = page[n]!;
      loaded[n] = {
        key,
        value: await inTime(() => ifReadable(async () => (await store.of(key).load())?.value)),
      };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return loaded;
}
