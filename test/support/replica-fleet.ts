import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from './eventually.js';
import { KillableProcess } from './killable-process.js';
import { Recoveries } from './recoveries.js';

export interface ReplicaFleetOptions {
  program: string;
  /** What each replica is told. */
  settings: unknown;
  replicas: number;
  /** The users whose tokens the replicas ask for. */
  users: readonly string[];
  /**
   * Is called with each line of a replica, in words.
   *
   * @param working the users whose work the replica has begun and not ended
   */
  hear: (word: string, rest: string, working: Set<string>) => void;
}

interface Replica {
  readonly process: KillableProcess;
  readonly working: Set<string>;
}

/**
 * Replicas in processes of their own, one of which is killed again and again. A replica that reads the name of a user asks for
 * another token than the held one, and writes `recovered` with that name when it has come.
 */
export class ReplicaFleet {
  readonly complaints: string[] = [];
  /** Users whose work was under way in a process when that was killed. */
  readonly cutOff = new Set<string>();
  readonly recoveries = new Recoveries();
  /** Users who are asked for at the same time, and whose work nothing cut off: how slow the machine is. */
  readonly controls = new Recoveries();
  readonly #options: ReplicaFleetOptions;
  readonly #running: Replica[];

  constructor(options: ReplicaFleetOptions) {
    this.#options = options;
    this.#running = Array.from({ length: options.replicas }, () => this.#start());
  }

  /** Kills one replica after the other for a while, waits for what was cut off, and ends them all. */
  async run({ seconds, killEveryMs }: { seconds: number; killEveryMs: number }): Promise<void> {
    await this.#areReady();
    for (let at = 0; at < seconds * 1000; at += killEveryMs) {
      await sleep(killEveryMs);
      await this.#killOne();
      this.#probe();
    }
    await this.#areReady();
    this.#probe();
    await eventually(() => this.#open.length === 0);
    for (const { process } of this.#running) {
      const end = await process.stop();
      if (end.exitCode !== 0) this.complaints.push(`A replica ended with ${JSON.stringify(end)}.`);
    }
  }

  get #open(): string[] {
    return [...this.recoveries.open, ...this.controls.open];
  }

  #start(): Replica {
    const { program, settings, hear } = this.#options;
    const working = new Set<string>();
    const process = new KillableProcess(program, {
      settings,
      hear: (word, rest) => {
        if (word === 'recovered') this.#recovered(rest);
        else hear(word, rest, working);
      },
      complain: (text) => this.complaints.push(text),
    });
    return { process, working };
  }

  #recovered(user: string): void {
    this.recoveries.end(user);
    this.controls.end(user);
  }

  async #areReady(): Promise<void> {
    await Promise.all(this.#running.map(({ process }) => process.ready));
  }

  async #killOne(): Promise<void> {
    const n = Math.floor(Math.random() * this.#running.length);
    const victim = this.#running[n] as Replica;
    // A slow machine starts them less often than they are killed, and those that start answer nothing.
    await eventually(() => this.#running.some((each) => each !== victim && each.process.isReady));
    const killedAt = performance.now();
    await victim.process.kill();
    for (const user of victim.working) this.cutOff.add(user);
    this.recoveries.begin(victim.working, killedAt);
    const { users } = this.#options;
    const control = users[Math.floor(Math.random() * users.length)] ?? '';
    if (!this.recoveries.open.includes(control)) this.controls.begin([control], killedAt);
    this.#running[n] = this.#start();
  }

  /** Asks those that are ready: how long a process takes to start is not measured. */
  #probe(): void {
    const ready = this.#running.filter(({ process }) => process.isReady);
    for (const user of this.#open) ready[Math.floor(Math.random() * ready.length)]?.process.tell(user);
  }
}
