/** Whatever `setTimeout` of the same clock returned. */
export type TimerHandle = unknown;

/** Time and chance, so that tests can hold both still. */
export interface Clock {
  /** The wall clock, in milliseconds since the Unix epoch. */
  now(): number;
  /** A number in [0, 1), as `Math.random()`. */
  random(): number;
  setTimeout(callback: () => void, delayInMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** The machine's own clock. Looks the globals up on each call, so that fake timers installed later are honoured. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (callback, delayInMs) => setTimeout(callback, delayInMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Lets the process end although a timer waits. */
export function unref(timer: TimerHandle): void {
  (timer as { unref?: () => void } | undefined)?.unref?.();
}

// A longer delay overflows Node's timer and fires at once.
const longestDelay = 2 ** 31 - 1;

/** The delay until a point in time as a timer can take it: never negative, never longer than a timer can count. */
export function delayUntil(at: number, now: number): number {
  return Math.min(Math.max(0, Math.ceil(at - now)), longestDelay);
}
