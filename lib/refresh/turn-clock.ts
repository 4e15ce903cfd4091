// Imported, and `Date.now` kept: a test runner replaces the globals when it plays with time.
import { setImmediate } from 'node:timers';

import { systemClock, type Clock } from './clock.js';

const wallClock = Date.now;
const callsPerReading = 32;

/**
 * Reads a clock for whoever asks very often. A reading costs several times as much as a look-up, so from the second call
 * within a millisecond on, one reading serves the calls of the same turn of the event loop, 32 at most: in one turn it is
 * one time, as for Node's own timers. Whoever asks now and then gets a reading of their own.
 *
 * @param read the clock
 * @param mayShare whether a reading may serve more than one call
 */
export function oncePerTurn(read: () => number, mayShare: () => boolean): () => number {
  let time = -Infinity;
  let callsLeft = 0;
  let endIsPlanned = false;
  const endTurn = (): void => {
    callsLeft = 0;
    endIsPlanned = false;
  };
  return () => {
    if (callsLeft > 0 && mayShare()) {
      callsLeft--;
      return time;
    }
    const before = time;
    time = read();
    if (time === before) {
      callsLeft = callsPerReading - 1;
      if (!endIsPlanned) setImmediate(endTurn);
      endIsPlanned = true;
    }
    return time;
  };
}

/** The wall clock once per turn. Another clock than the machine's, and a replaced `Date`, are read at each call. */
export function turnClock(clock: Clock): () => number {
  if (clock !== systemClock) return () => clock.now();
  return oncePerTurn(
    () => clock.now(),
    () => Date.now === wallClock,
  );
}
