import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { seededRandom, uniform } from '../simulation/seeded-random.js';
import { confirmed, historyOf, lineage } from './fixtures/refresh-token/history.js';
import type { ReplicaProcess, Said } from './fixtures/refresh-token/replica.process.js';
import { digest } from './fixtures/refresh-token/reporting.store.js';
import { ofEntra } from './fixtures/refresh-token/rotating-server.js';
import { put, SharedStores, storedToken, type SharedStore } from './fixtures/refresh-token/shared-stores.js';

/** For each store. */
const kills = Number(process.env['KILLS'] ?? 200);
const atTheSameTime = 3;
const latencyInMs = 12;

let stores: SharedStores;

beforeAll(async () => {
  stores = await SharedStores.start();
  stores.entra.latencyInMs = latencyInMs;
});

afterAll(() => stores?.[Symbol.asyncDispose]());

/** When in its life a process is killed, and how long after that it is, at the most. `asked`: the server has been. */
const moments = [
  { share: 0.1, event: 'ready', withinInMs: 20 },
  { share: 0.15, event: 'loaded', withinInMs: 20 },
  { share: 0.55, event: 'asked', withinInMs: latencyInMs + 8 },
  { share: 0.2, event: 'redeemed', withinInMs: 30 },
] as const;

function momentOf(random: () => number): (typeof moments)[number] {
  let left = random();
  return moments.find(({ share }) => (left -= share) < 0) ?? moments[2];
}

async function hasCome(victim: ReplicaProcess, event: (typeof moments)[number]['event']): Promise<void> {
  if (event !== 'asked') return victim.hasSaid(event);
  await victim.hasSaid('loaded');
  // No other process can be asking.
  const before = stores.entra.requests.token;
  const until = performance.now() + 10_000;
  while (stores.entra.requests.token === before && performance.now() < until) await sleep(1);
}

/** Processes that redeem one after the other, are killed at random, and are followed by others. */
class KilledReplicas {
  readonly heard: Said[][] = [];
  /** When a process was killed that had the store for itself, by `performance.now()`. */
  readonly holdersKilledAt: number[] = [];
  readonly #started: ReplicaProcess[] = [];
  #kills = 0;
  #first = '';

  constructor(
    private readonly shared: SharedStore,
    private readonly random: () => number,
  ) {}

  async run(): Promise<void> {
    const first = await ofEntra(stores.entra).issue();
    this.#first = digest(first);
    await put(this.shared.store, first);
    try {
      await Promise.all(Array.from({ length: atTheSameTime }, () => this.killOneAfterTheOther()));
      await this.letSurvive();
    } finally {
      // After a failure no process may start another one.
      this.#kills = kills;
      await Promise.all(this.#started.map((each) => each[Symbol.asyncDispose]()));
    }
  }

  private async killOneAfterTheOther(): Promise<void> {
    while (this.#kills++ < kills) {
      const victim = this.start(1_000_000);
      const { event, withinInMs } = momentOf(this.random);
      await hasCome(victim, event);
      await sleep(uniform(0, withinInMs, this.random));
      const killedAt = performance.now();
      await victim.kill();
      const last = victim.said.at(-1)?.word;
      if (last !== 'ready' && last !== 'redeemed') this.holdersKilledAt.push(killedAt);
      this.expectWell(victim);
      await this.expectNothingLost();
    }
  }

  private async letSurvive(): Promise<void> {
    const last = this.start(3);
    expect(await last.ended).toEqual({ code: 0, signal: null });
    expect(last.count('redeemed')).toBe(3);
    this.expectWell(last);
    await this.expectNothingLost();
  }

  /** The stored token is good, and descends from all that must have been stored before it was read. */
  private async expectNothingLost(): Promise<void> {
    const before = confirmed(historyOf(this.heard));
    const stored = await storedToken(this.shared.store);
    expect(stores.entra.refreshTokens.accepts(stored)).toBe(true);
    const line = new Set(await this.lineageOf(digest(stored)));
    expect(before.filter((one) => !line.has(one))).toEqual([]);
  }

  /** Who has saved it has said so before, but that may not have been heard yet. */
  private async lineageOf(newest: string): Promise<string[]> {
    const until = performance.now() + 10_000;
    for (;;) {
      const line = lineage(historyOf(this.heard), newest);
      if (line.at(-1) === this.#first) return line;
      expect(performance.now()).toBeLessThan(until);
      await sleep(1);
    }
  }

  private start(rotations: number): ReplicaProcess {
    const replica = this.shared.replica(ofEntra(stores.entra), rotations);
    this.#started.push(replica);
    this.heard.push(replica.said);
    return replica;
  }

  private expectWell({ failure, complaint }: ReplicaProcess): void {
    expect(failure).toBeUndefined();
    expect(complaint).toBe('');
  }
}

/** How long after the kill of a process that had the store the next one that was there already had to wait. */
function standstills({ heard, holdersKilledAt }: KilledReplicas): number[] {
  const entries = heard.flatMap((said) => {
    const readyAt = said.find(({ word }) => word === 'ready')?.at ?? Infinity;
    return said.filter(({ word }) => word === 'entered').map(({ at }) => ({ at, readyAt }));
  });
  entries.sort((one, other) => one.at - other.at);
  return holdersKilledAt.map((killedAt) => {
    const next = entries.find(({ at }) => at > killedAt);
    return next === undefined ? Infinity : next.at - Math.max(killedAt, next.readyAt);
  });
}

it.each(['file', 'database'] as const)(
  'is good whenever processes are killed, 200 times, and others go on at once: a refresh token in a %s',
  async (kind) => {
    const seed = Date.now() % 1_000_000;
    const shared = stores[kind]();
    const killed = new KilledReplicas(shared, seededRandom(seed));
    const before = stores.entra.refreshTokens.redemptions;
    try {
      await killed.run();
    } catch (error) {
      throw new Error(`With the seed ${seed}: ${String(error)}`, { cause: error });
    }

    // Redemptions whose answer met no process, or died with its process before it was stored.
    const redeemed = stores.entra.refreshTokens.redemptions - before;
    const unconfirmed = redeemed - historyOf(killed.heard).saved.length;
    const sorted = standstills(killed).sort((a, b) => a - b);
    expect(unconfirmed).toBeGreaterThan(kills / 4);
    expect(killed.holdersKilledAt.length).toBeGreaterThan(kills / 4);
    // A dead holder that is not looked up loses the lock after fifteen seconds; none had to be waited for like that.
    expect(sorted.at(-1)).toBeLessThan(12_000);
  },
);
