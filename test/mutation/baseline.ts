import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JestRunner } from './jest-runner.js';

const timeoutInMs = 1_800_000;

/** What the tests do while no mutant is on. */
export interface Baseline {
  /** How long each test file took, in milliseconds; those that failed are left out. */
  millis: ReadonlyMap<string, number>;
  /** The mutants that a test file comes by. */
  hits: ReadonlyMap<string, ReadonlySet<number>>;
  /** Test files that failed without a mutant. */
  failed: readonly string[];
}

export async function takeBaseline(
  runner: JestRunner,
  directory: string,
  tests: readonly string[],
): Promise<Baseline> {
  const record = join(directory, 'hits.jsonl');
  const { files, error } = await runner.run({ hits: record, tests, bail: false }, timeoutInMs);
  if (error !== undefined) throw new Error(`The tests did not end without a mutant: ${error}.`);
  const lines = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [];
  const recorded = lines.map((line) => JSON.parse(line) as { file: string; hits: number[] });
  return {
    millis: new Map(files.filter(({ failed }) => !failed).map(({ file, millis }) => [file, millis])),
    hits: new Map(recorded.map(({ file, hits }) => [file, new Set(hits)])),
    failed: files.filter(({ failed }) => failed).map(({ file }) => file),
  };
}

/** The test files that come by a mutant, the quickest first, as many as fit into the time. */
export function testsOf(id: number, { millis, hits }: Baseline, budgetInMs: number): string[] {
  const tests = [...millis.entries()]
    .filter(([file]) => hits.get(file)?.has(id) === true)
    .sort(([, one], [, other]) => one - other);
  let left = budgetInMs;
  return tests.filter(([, time], n) => n === 0 || (left -= time) > 0).map(([file]) => file);
}
