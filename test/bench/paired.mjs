import { measure } from 'mitata';

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures several functions in turn, round after round, so that whatever else the machine does hits all of them, and
 * takes the median of each.
 *
 * @param {Record<string, () => unknown>} functions
 * @returns {Promise<Record<string, number>>} nanoseconds per call
 */
export async function inTurn(functions, { rounds = 7, secondsPerRound = 0.25 } = {}) {
  const samples = Object.fromEntries(Object.keys(functions).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(functions)) {
      const { p50 } = await measure(run, { min_cpu_time: secondsPerRound * 1e9 });
      samples[name].push(p50);
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}

/**
 * Measures two functions in pairs. The peer's figure is its median. Ours is that plus the median of what each pair
 * differs by: a machine drifts by more from pair to pair than the two of a pair are apart.
 *
 * @param {{ ours: () => Promise<number>, peer: () => Promise<number> }} functions each returns how long it took
 * @returns {Promise<{ ours: number, peer: number }>}
 */
export async function inPairs(functions, { warmUpPairs, pairs }) {
  const peers = [];
  const differences = [];
  for (let pair = -warmUpPairs; pair < pairs; pair++) {
    const took = {};
    // The side that goes first may pay for what came before.
    for (const name of pair % 2 === 0 ? ['ours', 'peer'] : ['peer', 'ours'])
      took[name] = await functions[name]();
    if (pair < 0) continue;
    peers.push(took.peer);
    differences.push(took.ours - took.peer);
  }
  const peer = median(peers);
  return { ours: peer + median(differences), peer };
}
