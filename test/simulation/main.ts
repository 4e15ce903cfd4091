import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { drawFleet } from './fleet/fleet-report.js';
import { simulateFleets, type FleetResults } from './fleet/scenarios.js';
import { judge } from './goals.js';
import { bucketBounds, drawOutages } from './outage/outage-report.js';
import { summarize, type StrategySummary } from './outage/outage-summary.js';
import { strategies } from './outage/strategy.js';
import { simulationPage } from './report/simulation-page.js';
import { WorkerPool } from './worker-pool.js';

const { values } = parseArgs({
  options: {
    outages: { type: 'string', default: '3000' },
    replicas: { type: 'string', default: '10000' },
    fleets: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});

const seed = Number(values.seed);
const outages = Number(values.outages);
const replicas = Number(values.replicas);

const outagesPerJob = 500;
const pool = new WorkerPool(new URL('./worker.js', import.meta.url));

async function simulateOutages(): Promise<StrategySummary[]> {
  const jobs = strategies.flatMap((_, strategy) =>
    Array.from({ length: Math.ceil(outages / outagesPerJob) }, (_, part) =>
      pool.runOutages({
        kind: 'outages',
        seed,
        strategy,
        from: part * outagesPerJob,
        to: Math.min(outages, (part + 1) * outagesPerJob),
      }),
    ),
  );
  return summarize((await Promise.all(jobs)).flat(), bucketBounds);
}

const startedAt = performance.now();
const [summaries, fleet] = await Promise.all([
  simulateOutages(),
  replicas > 0 ? simulateFleets(pool, replicas, Number(values.fleets), seed) : undefined,
]);
const goals = judge(summaries, fleet);

if (values.json) {
  const withoutRates = (results: FleetResults): object => ({
    ...results,
    bootedTogether: results.bootedTogether.map(({ rate: _, ...rest }) => rest),
    outages: results.outages.map(({ rate: _, ...rest }) => rest),
  });
  const result = {
    seed,
    outages: summaries,
    ...(fleet === undefined ? {} : { fleet: withoutRates(fleet) }),
    goals,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} else {
  process.stdout.write(`${simulationPage({ seed, outages, summaries, fleet, goals })}\n`);
}
if (values['write-docs']) {
  await mkdir('docs', { recursive: true });
  const write = (file: string, content: string): Promise<void> => writeFile(join('docs', file), content);
  await write('simulation.md', simulationPage({ seed, outages, summaries, fleet, goals }));
  await write('outage.svg', drawOutages(summaries));
  if (fleet !== undefined) await write('fleet.svg', drawFleet(fleet));
}
process.stderr.write(`Simulated in ${((performance.now() - startedAt) / 1000).toFixed(0)} s.\n`);
if (goals.some(({ met }) => !met)) process.exitCode = 1;
