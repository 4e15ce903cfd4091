import type { Timestamp } from '../common/clock.js';
import { asError } from '../common/thrown.js';

/** The logins to one data source. */
interface Login {
  now(): Timestamp;
  retryOnce<T>(refusal: Error, startedAt: Timestamp, again: () => Promise<T>): Promise<T>;
}

/**
 * Connects outside any pool, with the same second try that a pool makes when a token is refused.
 *
 * @param connect is given what refused the first try, for the second
 * @param isGivenUp whether no second try is wanted any more
 */
export async function connectTwice<T>(
  login: Login,
  connect: (refusal?: Error) => Promise<T>,
  isGivenUp: () => boolean,
): Promise<T> {
  const startedAt = login.now();
  try {
    return await connect();
  } catch (error) {
    return await login.retryOnce(asError(error), startedAt, () => {
      if (isGivenUp()) throw error;
      return connect(asError(error));
    });
  }
}
