const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [5, 10, 15, 30]
  .map((n) => n * second)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * minute))
  .concat([1, 2, 3, 6, 12, 24, 48].map((n) => n * hour));

/** How much of the past and of the future is shown, in lives of a token. */
const pastLives = 1.5;
const futureLives = 1.1;
const mostTicks = 6;
const shortestLifeInMs = 5 * second;
const longestLifeInMs = 14 * 24 * hour;

/** Places times on a line, as percentages from its left end. The present stands still. */
export interface TimeScale {
  /** Where a time is, from 0 to 100; times out of sight are at the end that they lie beyond. */
  readonly at: (time: number) => number;
  ticks: readonly { offsetInMs: number; at: number }[];
  /** Where the present is. */
  present: number;
}

/** A scale that a token of this life fits on, whenever it was issued. */
export function timeScale(lifeInMs: number, now: number): TimeScale {
  const life = rounded(Math.min(Math.max(lifeInMs, shortestLifeInMs), longestLifeInMs));
  const from = now - life * pastLives;
  const span = life * (pastLives + futureLives);
  const at = (time: number): number => Math.min(100, Math.max(0, ((time - from) / span) * 100));
  const step = steps.find((one) => span / one <= mostTicks) ?? Math.ceil(span / mostTicks);
  const first = Math.ceil((-life * pastLives) / step);
  const last = Math.floor((life * futureLives) / step);
  const offsets = Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
  return {
    at,
    present: at(now),
    ticks: offsets.map((offsetInMs) => ({ offsetInMs, at: at(now + offsetInMs) })),
  };
}

/** Two digits of a life, rounded up: lives that are nearly the same get the same scale, and lines that line up. */
function rounded(life: number): number {
  const unit = 10 ** Math.floor(Math.log10(life)) / 5;
  return Math.ceil(life / unit) * unit;
}
