/**
 * Lets the sample's stack work for a while with tokens that live 5 s and a token endpoint that is unwell for 30 % of
 * the time: `npm run soak -- --seconds 600 --seed 7`. The last line of standard output is the result as JSON; what must
 * not happen and did is on standard error, and in the exit code.
 *
 * `npm run soak -- users --speed 10` lets 100,000 users call for an hour of simulated time, in six minutes.
 */
import { parseArgs } from 'node:util';

import { bundleProgram } from '../support/bundle.js';
import { buildFixture } from '../support/fixture-program.js';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '60' },
    speed: { type: 'string', default: '10' },
    'calls-per-second': { type: 'string', default: '2000' },
  },
  allowPositionals: true,
});
const numberOf = (name: keyof typeof values): number => {
  const number = Number(values[name]);
  if (number > 0) return number;
  process.stderr.write(`Give --${name} a positive number.\n`);
  process.exit(2);
};
const seed = numberOf('seed');

async function run(): Promise<{ report: object; problems: string[] }> {
  await buildFixture('test/soak/memory-trend.ts');
  if (positionals[0] === 'users') {
    const server = await bundleProgram('test/soak/user-server.ts');
    // It needs the library, which has been built only now.
    const { soakUsers } = await import('./users.js');
    const [users, minutes, speed] = [numberOf('users'), numberOf('minutes'), numberOf('speed')];
    return soakUsers({ users, minutes, speed, callsPerSecond: numberOf('calls-per-second'), seed, server });
  }
  const program = await buildFixture('test/soak/application.ts');
  const { soak } = await import('./soak.js');
  return soak({ seconds: numberOf('seconds'), seed, program });
}

const { report, problems } = await run();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
