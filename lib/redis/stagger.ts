import { systemClock, unref, type Clock } from '../common/clock.js';

const atOnce = 10;
const pauseInMs = 5;

/**
 * Lets many connections log in anew a few at a time, so that their replies do not come all at once.
 *
 * @param present returns whether there was something to do
 */
export async function stagger<T>(
  connections: Iterable<T>,
  present: (connection: T) => boolean,
  clock: Clock = systemClock,
): Promise<void> {
  let presented = 0;
  for (const connection of connections) {
    if (!present(connection) || ++presented % atOnce !== 0) continue;
    await new Promise<void>((resolve) => unref(clock.setTimeout(resolve, pauseInMs)));
  }
}
