const bytesPerMiB = 1_048_576;

/**
 * By how much memory has grown once the program had warmed up, in MiB: the median of the last third of the second half
 * of the run less that of its first third.
 *
 * @param samples bytes, taken at equal intervals over the whole run
 */
export function growthAfterWarmUp(samples: readonly number[]): number {
  const secondHalf = samples.slice(Math.floor(samples.length / 2));
  const third = Math.ceil(secondHalf.length / 3);
  const growth = median(secondHalf.slice(-third)) - median(secondHalf.slice(0, third));
  return growth / bytesPerMiB;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
