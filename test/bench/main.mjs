/**
 * Measures this module beside its peers, in one process and in turn. `npm run bench`, or for machines
 * `npm run --silent bench -- --json`. With names, only those: `npm run bench -- held-token memory`.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import prettier from 'prettier';

import { benchmarkPage } from './page.mjs';
import { formatTable } from './report.mjs';

// Loaded after the build, which they import.
const benchmarks = {
  'held-token': async () => (await import('./held-token.bench.mjs')).heldToken(),
  'cold-herd': async () => (await import('./cold-herd.bench.mjs')).coldHerd(),
  connect: async () => (await import('./connect.bench.mjs')).connect(),
  login: async () => (await import('./login.bench.mjs')).login(),
  memory: async () => (await import('./memory.bench.mjs')).memory(),
  'event-loop': async () => (await import('./event-loop.bench.mjs')).eventLoop(),
  import: async () => (await import('./import.bench.mjs')).importCost(),
};

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, 'write-docs': { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark "${unknown.join('", "')}". Known: ${Object.keys(benchmarks).join(', ')}.\n`,
  );
  process.exit(2);
}

// Standard output belongs to the results.
const build = spawnSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
if (build.status !== 0) process.exit(1);

const results = [];
for (const [name, run] of Object.entries(benchmarks)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  results.push(...(await run()));
}

if (values['write-docs']) {
  const options = { ...(await prettier.resolveConfig('docs/benchmarks.md')), parser: 'markdown' };
  writeFileSync('docs/benchmarks.md', await prettier.format(benchmarkPage(results), options));
}
process.stdout.write(values.json ? `${JSON.stringify({ results })}\n` : formatTable(results));
process.exit(0);
