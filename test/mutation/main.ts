/**
 * Changes one node of a room's source at a time, in a copy, and runs the tests that come by it: what no test notices is
 * printed. `npm run test:mutation -- --room engine --seed 7 --count 40`; `--only 3,7` repeats two of them.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

import { seededRandom } from '../simulation/seeded-random.js';
import { takeBaseline, testsOf } from './baseline.js';
import { findMutations } from './find-mutations.js';
import { JestRunner } from './jest-runner.js';
import { describeMutant, type Mutant } from './mutation.js';
import { Workspace } from './workspace.js';

const { values } = parseArgs({
  options: {
    room: { type: 'string', default: 'engine' },
    seed: { type: 'string', default: '1' },
    /** A part of the paths of files, as a regular expression. */
    match: { type: 'string', default: '' },
    count: { type: 'string', default: '40' },
    /** Folders of `test`. */
    tests: { type: 'string' },
    /** Seconds of tests for one mutant. */
    budget: { type: 'string', default: '60' },
    only: { type: 'string' },
  },
});
const rooms = values.room.split(',');
const [seed, count, budget] = [values.seed, values.count, values.budget].map(Number) as [
  number,
  number,
  number,
];
if (![seed, count, budget].every((number) => Number.isInteger(number) && number > 0)) {
  process.stderr.write('Give --seed, --count and --budget positive whole numbers.\n');
  process.exit(2);
}
const folders = values.tests?.split(',') ?? ['unit', ...rooms.map((room) => `integration/${room}`)];
const only = values.only?.split(',').map(Number);

const workspace = new Workspace(fileURLToPath(new URL('../../', import.meta.url)));
process.on('exit', () => workspace.remove());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const mutants = rooms.flatMap(sampleOf).map((mutation, n): Mutant => ({ ...mutation, id: n + 1 }));
workspace.apply(mutants);
const runner = new JestRunner(workspace.directory);
const baseline = await takeBaseline(runner, workspace.directory, workspace.testsIn(folders));
for (const file of baseline.failed) process.stderr.write(`fails without a mutant, left out: ${file}\n`);

const survivors: Mutant[] = [];
let tried = 0;
for (const mutant of mutants) {
  if (only !== undefined && !only.includes(mutant.id)) continue;
  tried++;
  const outcome = await outcomeOf(mutant);
  process.stderr.write(`${outcome.padEnd(10)} ${describeMutant(mutant)}\n`);
  if (outcome !== 'noticed') survivors.push(mutant);
}
runner.stop();
for (const mutant of survivors) process.stdout.write(`${describeMutant(mutant)}\n`);
const noticed = tried - survivors.length;
process.stdout.write(
  `${values.room}: ${noticed} of ${tried} noticed (${((100 * noticed) / tried).toFixed(1)} %)\n`,
);
process.exit(0);

function sampleOf(room: string): ReturnType<typeof findMutations> {
  const random = seededRandom(seed);
  const all = workspace
    .sourcesOf(room)
    .filter((file) => file.search(values.match) !== -1)
    .flatMap((file) => findMutations(file, workspace.read(file)));
  const keyed = all
    .map((mutation) => ({ mutation, key: random() }))
    .sort((one, other) => one.key - other.key);
  const sample = keyed.slice(0, count).map(({ mutation }) => mutation);
  return sample.sort((one, other) => one.file.localeCompare(other.file) || one.start - other.start);
}

async function outcomeOf({ id }: Mutant): Promise<'noticed' | 'survived' | 'not run'> {
  const tests = testsOf(id, baseline, budget * 1_000);
  if (tests.length === 0) return 'not run';
  const { failed } = await runner.run({ mutant: id, tests, bail: true }, 3 * budget * 1_000 + 30_000);
  return failed ? 'noticed' : 'survived';
}
