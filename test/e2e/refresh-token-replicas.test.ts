import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { StrictOidcServer } from '../support/strict-oidc-server.js';
import { historyOf, lineage } from './fixtures/refresh-token/history.js';
import type { ReplicaProcess } from './fixtures/refresh-token/replica.process.js';
import { digest } from './fixtures/refresh-token/reporting.store.js';
import { ofEntra, ofOidcProvider, type RotatingServer } from './fixtures/refresh-token/rotating-server.js';
import { put, SharedStores, storedToken, type SharedStore } from './fixtures/refresh-token/shared-stores.js';

const replicas = 4;
const rotations = Number(process.env['ROTATIONS'] ?? 500);
const rotationsEach = rotations / replicas;

let stores: SharedStores;
let oidc: StrictOidcServer;

beforeAll(async () => {
  [stores, oidc] = await Promise.all([SharedStores.start(), StrictOidcServer.start()]);
  stores.entra.refreshTokens.rotation = 'strict';
});

afterAll(async () => {
  await Promise.all([stores?.[Symbol.asyncDispose](), oidc?.[Symbol.asyncDispose]()]);
});

const servers: Record<string, () => RotatingServer> = {
  'the local Entra, strict': () => ofEntra(stores.entra),
  'oidc-provider': () => ofOidcProvider(oidc),
};

async function stop(running: readonly ReplicaProcess[]): Promise<void> {
  await Promise.all(running.map((each) => each[Symbol.asyncDispose]()));
}

/** Lets replicas redeem until each is done, and something happen meanwhile. */
async function finish(running: readonly ReplicaProcess[], meanwhile?: () => Promise<void>): Promise<void> {
  try {
    await meanwhile?.();
    const ends = await Promise.all(running.map((each) => each.ended));
    expect(running.map((each) => each.failure)).toEqual(running.map(() => undefined));
    expect(running.map(({ complaint }) => complaint).join('')).toBe('');
    expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null })));
  } finally {
    await stop(running);
  }
}

const several = (shared: SharedStore, server: RotatingServer, each?: number): ReplicaProcess[] =>
  Array.from({ length: replicas }, () => shared.replica(server, each));

/** What one grant has come to: every refresh token was redeemed once, the last one is stored and good. */
async function expectAllThere(
  running: readonly ReplicaProcess[],
  { store }: SharedStore,
  server: RotatingServer,
  first: string,
  before: { redemptions: number; reuseRevocations: number },
): Promise<void> {
  const newest = await storedToken(store);
  const redeemed = running.reduce((sum, each) => sum + each.count('redeemed'), 0);
  expect(await server.statistics()).toEqual({
    redemptions: before.redemptions + redeemed,
    reuseRevocations: before.reuseRevocations,
  });
  const line = lineage(historyOf(running.map(({ said }) => said)), digest(newest));
  expect(line).toHaveLength(redeemed + 1);
  expect(line.at(-1)).toBe(digest(first));
  expect(await server.accepts(newest)).toBe(true);
}

describe.each(Object.keys(servers))('four processes with one refresh token of %s', (name) => {
  it.each(['file', 'database'] as const)(`lose none in ${rotations} rotations, in a %s`, async (kind) => {
    const server = servers[name]!();
    const shared = stores[kind]();
    const first = await server.issue();
    await put(shared.store, first);
    const before = await server.statistics();
    const running = several(shared, server, rotationsEach);
    await finish(running);
    expect(running.map((each) => each.count('redeemed'))).toEqual(running.map(() => rotationsEach));
    await expectAllThere(running, shared, server, first, before);
  });

  it.each(['file', 'database'] as const)(
    'redeem it once for each half of the life of an access token, with a %s',
    async (kind) => {
      const server = servers[name]!();
      const shared = stores[kind]();
      await put(shared.store, await server.issue());
      const before = await server.statistics();
      const running = several(shared, server);
      const distinct = new Set<string>();
      try {
        await Promise.all(running.map((each) => each.hasSaid('ready')));
        const periods = 20;
        for (let period = 0; period < periods; period++) {
          // Access tokens live for an hour.
          const aheadInMs = period * 31 * 60_000;
          const answers = await Promise.all(running.map((each) => each.ask({ aheadInMs })));
          expect(answers).toEqual(answers.map(() => ({ digest: expect.any(String) })));
          const shown = new Set(answers.map((each) => JSON.stringify(each)));
          expect(shown.size).toBe(1);
          for (const each of shown) distinct.add(each);
        }
        expect(distinct.size).toBe(periods);
        expect(await server.statistics()).toEqual({ ...before, redemptions: before.redemptions + periods });
        expect(await server.accepts(await storedToken(shared.store))).toBe(true);
      } finally {
        await stop(running);
      }
    },
  );
});

describe('four processes with one encrypted refresh token', () => {
  it('lose none in 500 rotations, while the key is changed', async () => {
    const server = ofEntra(stores.entra);
    const withKeys = stores.encrypted();
    const [old, next] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
    const writesOld = withKeys({ current: 'old', keys: { old, next } });
    const writesNext = withKeys({ current: 'next', keys: { old, next } });
    const knowsNext = withKeys({ current: 'next', keys: { next } });
    const first = await server.issue();
    await put(writesOld.store, first);
    const before = await server.statistics();
    const all: ReplicaProcess[] = [];
    const phase = async (running: ReplicaProcess[], meanwhile?: () => Promise<void>): Promise<void> => {
      all.push(...running);
      await finish(running, meanwhile);
    };

    await phase(several(writesOld, server, 25));

    // Half of the replicas have been told already which key is the current one.
    let rewritten = 0;
    const half = [1, 2].flatMap(() => [writesOld.replica(server, 50), writesNext.replica(server, 50)]);
    await phase(half, async () => {
      for (const round of [1, 2, 3, 4, 5]) {
        await half[0]?.hasSaid('redeemed', 8 * round);
        if (await writesNext.store.reencrypt()) rewritten++;
        await half[1]?.hasSaid('redeemed', 8 * round);
        if (await writesOld.store.reencrypt()) rewritten++;
      }
    });
    expect(rewritten).toBeGreaterThan(0);

    await phase(several(writesNext, server, 25), async () => void (await writesNext.store.reencrypt()));
    expect(await writesNext.store.reencrypt()).toBe(false);
    await phase(several(knowsNext, server, 25));

    await expectAllThere(all, knowsNext, server, first, before);
    await expect(withKeys({ current: 'old', keys: { old } }).store.load()).rejects.toMatchObject({
      code: 'ENTRA_REFRESH_TOKEN_UNREADABLE',
    });
  });
});
