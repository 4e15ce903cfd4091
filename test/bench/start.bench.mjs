import { execFileSync } from 'node:child_process';

import { median } from './paired.mjs';
import { atMost } from './report.mjs';

const runs = 11;

/** The CPU time is that of the own process, not PostgreSQL's. */
const program = (options) => `
const { startLocalEntra } = await import('nestjs-entra-auth/testing');
const start = performance.now();
const before = process.cpuUsage();
const entra = await startLocalEntra(${options});
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(before);
await entra.stop();
process.stdout.write(JSON.stringify({ wall, cpu: (user + system) / 1000 }));
process.exit(0);
`;

/** From the call to a local Entra that answers. The first start with PostgreSQL makes the cluster that others copy. */
export function run() {
  const measure = (options, count) =>
    Array.from({ length: count }, () =>
      JSON.parse(
        execFileSync(process.execPath, ['--input-type=module', '--eval', program(options)], {
          encoding: 'utf8',
        }),
      ),
    );
  const alone = measure('', runs);
  const [, ...withPostgres] = measure('{ postgres: true }', runs + 1);
  const of = (measured, key) => median(measured.map((one) => one[key]));
  return [
    atMost('start/entra-wall', 'ms', of(alone, 'wall'), 500),
    atMost('start/entra-cpu', 'ms', of(alone, 'cpu'), 500),
    atMost('start/with-postgres-wall', 'ms', of(withPostgres, 'wall'), 1_000),
    atMost('start/with-postgres-cpu-of-own-process', 'ms', of(withPostgres, 'cpu'), 1_000),
  ];
}
