/** Numbers in [0, 1) that look random and are the same in every run: mulberry32. */
export function seededRandom(...seeds: readonly number[]): () => number {
  let state = seeds.reduce((hash, seed) => mix(hash ^ seed), 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state) / 2 ** 32;
  };
}

/** The gap before the next arrival when arrivals are independent of each other. */
export function exponential(mean: number, random: () => number): number {
  return -mean * Math.log(1 - random());
}

export function uniform(from: number, to: number, random: () => number): number {
  return from + (to - from) * random();
}

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 15), value | 1);
  hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
  return (hash ^ (hash >>> 14)) >>> 0;
}
