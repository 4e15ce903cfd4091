/**
 * Lets the sample's stack work for a while with tokens that live 5 s and a token endpoint that is unwell for 30 % of
 * the time: `npm run soak -- --seconds 600 --seed 7`. The last line of standard output is the result as JSON; what must
 * not happen and did is on standard error, and in the exit code.
 */
import { parseArgs } from 'node:util';

import { buildFixture } from '../support/fixture-program.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0 && Number.isInteger(seed))) {
  process.stderr.write('Give --seconds a positive number and --seed a whole one.\n');
  process.exit(2);
}

await buildFixture('test/soak/memory-trend.ts');
const program = await buildFixture('test/soak/application.ts');
// It needs the library, which has been built only now.
const { soak } = await import('./soak.js');
const { report, problems } = await soak({ seconds, seed, program });
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
