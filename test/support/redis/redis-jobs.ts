import { setTimeout as sleep } from 'node:timers/promises';

import { Queue, QueueEvents, Worker, type ConnectionOptions } from 'bullmq';
import type { Redis } from 'ioredis';

/** Jobs are added in the first part of each spell by the clock of the machine. */
export const busyInMs = 3_000;
export const idleInMs = 3_000;

/** A queue, a worker of concurrency 5 and the events of both, in busy and idle spells. */
export class RedisJobs {
  added = 0;
  /** How often each job was done. */
  readonly timesDone = new Map<string, number>();
  readonly completed = new Set<string>();
  readonly #createClient: () => Redis;
  readonly #onError: (error: Error) => void;
  #queue: Queue | undefined;
  #worker: Worker | undefined;
  #events: QueueEvents | undefined;

  constructor(createClient: () => Redis, onError: (error: Error) => void) {
    this.#createClient = createClient;
    this.#onError = onError;
  }

  async start(): Promise<void> {
    const connection = this.#createClient() as unknown as ConnectionOptions;
    this.#queue = new Queue('jobs', { connection });
    this.#events = new QueueEvents('jobs', { connection });
    // A job that a killed server gave to the worker, whose reply was lost, is given anew when its lock has ended.
    // A lock outlasts a kill and a stall of the machine: one that ends sooner gives a job anew that is being done.
    const locks = { lockDuration: 15_000, stalledInterval: 1_000 };
    const options = { connection, concurrency: 5, ...locks };
    this.#worker = new Worker('jobs', ({ id = '' }) => this.#work(id), options);
    this.#events.on('completed', ({ jobId }) => void this.completed.add(jobId));
    this.#queue.on('error', this.#onError);
    this.#events.on('error', this.#onError);
    this.#worker.on('error', this.#onError);
    await Promise.all([this.#queue.waitUntilReady(), this.#events.waitUntilReady()]);
  }

  /** Adds a job in a busy spell. */
  async add(): Promise<void> {
    if (Date.now() % (busyInMs + idleInMs) > busyInMs) return;
    const jobId = `job-${++this.added}`;
    await this.#queue?.add('job', {}, { jobId });
  }

  /** Jobs that were not done, or whose end no event told. */
  lost(): string[] {
    return this.#ids()
      .filter((id) => !this.timesDone.has(id) || !this.completed.has(id))
      .map((id) => `${id}, done: ${this.timesDone.has(id)}, told: ${this.completed.has(id)}`);
  }

  /** Jobs that were done more than once. */
  repeated(): string[] {
    return this.#ids().filter((id) => (this.timesDone.get(id) ?? 0) > 1);
  }

  #ids(): string[] {
    return Array.from({ length: this.added }, (_, n) => `job-${n + 1}`);
  }

  /** Waits until all jobs are done, and events have told so. */
  async done(): Promise<void> {
    for (const end = Date.now() + 120_000; Date.now() < end; await sleep(50)) {
      if (this.completed.size >= this.added && this.timesDone.size >= this.added) return;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#worker?.close(true), this.#events?.close(), this.#queue?.close()]);
  }

  async #work(id: string): Promise<void> {
    await sleep(20);
    this.timesDone.set(id, (this.timesDone.get(id) ?? 0) + 1);
  }
}
