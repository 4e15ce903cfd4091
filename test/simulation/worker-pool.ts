import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import type { OutageResult } from './outage/simulate-outage.js';
import type { FleetJob, OutageJob } from './jobs.js';

/** Runs jobs in threads, as many at a time as the machine has cores, each in a new one. */
export class WorkerPool {
  readonly #waiting: (() => void)[] = [];
  #free = availableParallelism();

  /** @param program - `worker.ts` as JavaScript. */
  constructor(private readonly program: URL | string) {}

  runOutages(job: OutageJob): Promise<OutageResult[]> {
    return this.#run(job) as Promise<OutageResult[]>;
  }

  runFleet(job: FleetJob): Promise<Uint32Array> {
    return this.#run(job) as Promise<Uint32Array>;
  }

  async #run(job: OutageJob | FleetJob): Promise<unknown> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await resultOf(this.program, job);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

function resultOf(program: URL | string, job: OutageJob | FleetJob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A worker ended with ${code} and without a result.`)));
  });
}
