/**
 * Measures this module and its peers, side by side in one process for each benchmark. `npm run bench`, or for machines
 * `npm run --silent bench -- --json`. With names, only those: `npm run bench -- held-token memory`.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import prettier from 'prettier';

import { benchmarkPage } from './page.mjs';
import { formatTable } from './report.mjs';

const benchmarks = [
  'held-token',
  'telemetry',
  'dashboard',
  'cold-herd',
  'connect',
  'login',
  'redis',
  'users',
  'memory',
  'event-loop',
  'hostile-answers',
  'on-demand',
  'import',
  'start',
];

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, 'write-docs': { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark "${unknown.join('", "')}". Known: ${benchmarks.join(', ')}.\n`);
  process.exit(2);
}

// Standard output belongs to the results.
const build = spawnSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
if (build.status !== 0) process.exit(1);

// Each in a process of its own: what one leaves on the heap and in the caches of the compiler is not the next one's.
const results = [];
for (const name of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  const program = fileURLToPath(new URL('one.mjs', import.meta.url));
  const one = spawnSync(process.execPath, ['--expose-gc', program, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (one.status !== 0) process.exit(1);
  results.push(...JSON.parse(one.stdout));
}

if (values['write-docs']) {
  const options = { ...(await prettier.resolveConfig('docs/benchmarks.md')), parser: 'markdown' };
  writeFileSync('docs/benchmarks.md', await prettier.format(benchmarkPage(results), options));
}
process.stdout.write(values.json ? `${JSON.stringify({ results })}\n` : formatTable(results));
