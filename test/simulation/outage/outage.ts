import { seededRandom, uniform } from '../seeded-random.js';
import type { Identity } from './identity.js';

export const faults = ['hang', '500', '429', 'refused'] as const;

/** One bad day of the token endpoint. */
export interface Outage {
  startsAt: number;
  endsAt: number;
  fault: (typeof faults)[number];
  retryAfterInSeconds: number;
}

const longestOutageInLives = 0.6;
const retriesAfterInSeconds = [5, 30, 120, 600];

/** Draws an outage: any fault, any moment of a token's life, any length up to six tenths of the longest life. */
export function drawOutage(bootsAt: number, identity: Identity, seed: number, index: number): Outage {
  const random = seededRandom(seed, index, 1);
  const life = identity.longestLifeInMs;
  const startsAt = bootsAt + uniform(1, 2, random) * life;
  return {
    startsAt,
    endsAt: startsAt + uniform(0, longestOutageInLives, random) * life,
    fault: pick(faults, random),
    retryAfterInSeconds: pick(retriesAfterInSeconds, random),
  };
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)] as T;
}
