import type { StoreCalls } from '../../refresh-token/store-calls.js';
import { RefreshTokenUnreadableError } from '../../store/refresh-token-store.error.js';
import type { RefreshTokenStore, StoredUser } from '../../store/refresh-token-store.js';
import type { SignInStore } from '../../store/sign-ins/sign-in-store.js';
import { isStoredUser, type UserIdentity } from '../person.js';

const pageLength = 500;
// A read takes a connection of the pool.
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
  const inTime = <T>(read: () => Promise<T>): Promise<T> => calls.inTime(read, 'could not be read');
  const userKeys: string[] = [];
  let unknown = 0;
  const look = async (key: string): Promise<void> => {
    const stored = await inTime(() => storedUser(store.of(key)));
    const isNamedByKey = key.toLowerCase() === user.objectId.toLowerCase();
    if (isNamedByKey || isStoredUser(user, stored)) userKeys.push(key);
    else if (stored === undefined) unknown++;
  };
  let after: string | undefined;
  do {
    const page = await inTime(() => store.list({ limit: pageLength, after }));
    const keys = page.map(({ key }) => key);
    const work = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) await look(key);
    };
    after = keys.at(-1);
    await Promise.all(Array.from({ length: atOnce }, work));
  } while (after !== undefined);
  return { userKeys, unknown };
}

async function storedUser(store: RefreshTokenStore): Promise<StoredUser | undefined> {
  try {
    return (await store.load())?.value.user;
  } catch (error) {
    // It may be of anybody.
    if (error instanceof RefreshTokenUnreadableError) return undefined;
    throw error;
  }
}
