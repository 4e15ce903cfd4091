import { parentPort, workerData } from 'node:worker_threads';

import { Logger } from '@nestjs/common';

import { runFleet, runOutages, type FleetJob, type OutageJob } from './jobs.js';

// Standard output belongs to the results.
Logger.overrideLogger(false);

const job = workerData as OutageJob | FleetJob;
parentPort?.postMessage(job.kind === 'outages' ? await runOutages(job) : await runFleet(job));
