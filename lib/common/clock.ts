/** Whatever `setTimeout` of the same clock returned. */
export type TimerHandle = unknown;

/** A point of the wall clock, in milliseconds since the Unix epoch. */
export type Timestamp = number;

/** Time and chance, which tests control. */
export interface Clock {
  /** The wall clock. */
  now(): Timestamp;
  /** A number in [0, 1), as `Math.random()`. */
  random(): number;
  /** Calls back once, after so many milliseconds, as the global of this name. */
  setTimeout(callback: () => void, delayInMs: number): TimerHandle;
  /** Takes whatever `setTimeout` of this clock returned, also after it has fired, and `undefined`. */
  clearTimeout(handle: TimerHandle): void;
}

/** The machine's own clock. Looks the globals up on each call, so that fake timers installed later are honoured. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (callback, delayInMs) => setTimeout(callback, delayInMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Smaller adjustments of the wall clock are ignored. In milliseconds. */
export const clockToleranceInMs = 1_000;

/** Lets the process end although a timer waits. */
export function unref(timer: TimerHandle): void {
  (timer as { unref?: () => void } | undefined)?.unref?.();
}

/** The longest delay of a Node.js timer, 24.8 days, in milliseconds. A longer one overflows and fires at once. */
export const longestDelayInMs = 2 ** 31 - 1;

/** The delay until a point in time as a timer can take it: never negative, never longer than a timer can count. */
export function delayUntil(at: Timestamp, now: Timestamp): number {
  return Math.min(Math.max(0, Math.ceil(at - now)), longestDelayInMs);
}
