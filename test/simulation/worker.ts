import { parentPort, workerData } from 'node:worker_threads';

import { runFleet, runOutages, type FleetJob, type OutageJob } from './jobs.js';

const job = workerData as OutageJob | FleetJob;
parentPort?.postMessage(job.kind === 'outages' ? await runOutages(job) : await runFleet(job));
