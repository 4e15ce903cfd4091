/**
 * Changes one node of a room's source at a time, in a copy, and runs the tests that come by it: what no test notices is
 * printed. `npm run test:mutation -- --room engine,entra --seed 7 --count 40`; `--only 3,7` repeats two of them.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

import { seededRandom } from '../simulation/seeded-random.js';
import { findMutations } from './find-mutations.js';
import { JestRunner } from './jest-runner.js';
import { describeMutant, type Mutant } from './mutation.js';
import { stagesOf } from './stages.js';
import { Survey } from './survey.js';
import { Workspace } from './workspace.js';

const { values } = parseArgs({
  options: {
    room: { type: 'string', default: 'engine' },
    seed: { type: 'string', default: '1' },
    /** A part of the paths of files, as a regular expression. */
    match: { type: 'string', default: '' },
    /** Mutations of each room. */
    count: { type: 'string', default: '40' },
    /** Folders of `test` in place of the room's own. */
    tests: { type: 'string' },
    /** Seconds of processor time for the tests of a mutant that has a run of its own. */
    budget: { type: 'string', default: '15' },
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
const only = values.only?.split(',').map(Number);

const workspace = new Workspace(fileURLToPath(new URL('../../', import.meta.url)));
process.on('exit', () => workspace.remove());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const sample = rooms.flatMap(sampleOf).map((mutation, n): Mutant => ({ ...mutation, id: n + 1 }));
workspace.apply(sample);
const mutants = sample.filter(({ id }) => only === undefined || only.includes(id));
const live = new Set(mutants.map(({ id }) => id));
const runner = new JestRunner(workspace.directory);

const stages = values.tests === undefined ? stagesOf(rooms) : [values.tests.split(',')];
const done = new Set<string>();
for (const folders of stages) {
  const files = workspace.testsIn(folders).filter((file) => !done.has(file));
  for (const file of files) done.add(file);
  tell(`${files.length} test files in ${folders.join(', ')} for ${live.size} mutants`);
  const survey = new Survey(runner, live, tell);
  await survey.run(files);
  for (const id of [...live]) if (survey.needsOwnRun(id)) await runAlone(id, survey);
}
runner.stop();

for (const mutant of mutants) {
  if (live.has(mutant.id)) process.stdout.write(`${describeMutant(mutant)}\n`);
}
for (const room of rooms) {
  const ofRoom = mutants.filter(({ file }) => file.startsWith(`lib/${room}/`));
  const noticed = ofRoom.filter(({ id }) => !live.has(id)).length;
  const rate = ((100 * noticed) / ofRoom.length).toFixed(1);
  process.stdout.write(`${room}: ${noticed} of ${ofRoom.length} noticed (${rate} %)\n`);
}
process.exit(0);

function tell(line: string): void {
  process.stderr.write(`${line.replaceAll(`${workspace.directory}/`, '')}\n`);
}

function sampleOf(room: string): ReturnType<typeof findMutations> {
  const random = seededRandom(seed);
  const all = workspace
    .sourcesOf(room)
    .filter((file) => file.search(values.match) !== -1)
    .flatMap((file) => findMutations(file, workspace.read(file)));
  const keyed = all
    .map((mutation) => ({ mutation, key: random() }))
    .sort((one, other) => one.key - other.key);
  const chosen = keyed.slice(0, count).map(({ mutation }) => mutation);
  return chosen.sort((one, other) => one.file.localeCompare(other.file) || one.start - other.start);
}

/** Has the mutant on from the start, which a survey does not. */
async function runAlone(id: number, survey: Survey): Promise<void> {
  const tests = survey.testsOf(id, budget * 1_000);
  const files = Object.keys(tests);
  if (files.length === 0) return;
  const { failed } = await runner.run({ files, single: { id, tests } }, (report) => {
    if (report.kind === 'noticed') tell(`noticed    #${id} alone by test ${report.number} of ${report.file}`);
  });
  if (failed) live.delete(id);
}
