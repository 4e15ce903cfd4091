import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenState } from 'nestjs-entra-auth';

import { bundleProgram } from '../support/bundle.js';
import { RunningProgram } from '../support/running-program.js';
import { SecretScan } from '../support/secret-scan.js';
import { StrictOidcServer } from '../support/strict-oidc-server.js';
import type { ReplicaSettings } from './fixtures/refresh-token/protocol.js';
import { digest } from './fixtures/refresh-token/reporting.store.js';
import {
  graph,
  ofEntra,
  ofOidcProvider,
  type RotatingServer,
} from './fixtures/refresh-token/rotating-server.js';
import { put, SharedStores, storedToken, type SharedStore } from './fixtures/refresh-token/shared-stores.js';

interface Health {
  status: string;
  tokens: TokenState[];
}

/** Something that happens to what a store keeps its data in. */
interface Fault {
  shared: SharedStore;
  problem: RegExp;
  happen: (application: RunningProgram) => void | Promise<void>;
  pass: (application: RunningProgram) => void | Promise<void>;
}

const latencyInMs = 400;

let program: string;
let stores: SharedStores;
let oidc: StrictOidcServer;

beforeAll(async () => {
  program = await bundleProgram('test/e2e/fixtures/refresh-token/application.ts');
  [stores, oidc] = await Promise.all([SharedStores.start(), StrictOidcServer.start()]);
  stores.entra.refreshTokens.rotation = 'strict';
});

afterAll(async () => {
  await Promise.all([stores?.[Symbol.asyncDispose](), oidc?.[Symbol.asyncDispose]()]);
});

let volumes = 0;

const faults: Record<string, () => Fault> = {
  'the volume of its file is gone': () => {
    const volume = join(stores.directory, `volume ${++volumes}`);
    mkdirSync(volume, { mode: 0o700 });
    return {
      shared: stores.file(join(volume, 'token.json')),
      problem: /ENOENT/,
      happen: () => renameSync(volume, `${volume} away`),
      pass: () => renameSync(`${volume} away`, volume),
    };
  },
  'the database is stopped': () => ({
    shared: stores.database(),
    problem: /in the table "entra_refresh_token" failed/,
    happen: stopDatabase,
    pass: () => stores.entra.postgres.restart(),
  }),
  // Only Linux lets one process limit another. There is room for the lock, but not for a token.
  ...(process.platform === 'linux' && {
    'no more can be written to its file': () => ({
      shared: stores.file(),
      problem: /Writing the refresh token store .* failed \(EFBIG\)/,
      happen: ({ process: { pid } }) => limitFiles(pid, '1024'),
      pass: ({ process: { pid } }) => limitFiles(pid, 'unlimited'),
    }),
  }),
};

async function stopDatabase(): Promise<void> {
  const [row] = await stores.entra.postgres.query<{ data_directory: string }>('SHOW data_directory');
  const pidFile = join(row?.data_directory ?? '', 'postmaster.pid');
  process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
  await until(() => Promise.resolve(!existsSync(pidFile)));
}

function limitFiles(pid: number | undefined, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

async function ask<T>(application: RunningProgram, deed: string): Promise<T> {
  const answer = await application.ask<{ value?: T; error?: string }>(deed);
  expect(answer.error).toBeUndefined();
  return answer.value as T;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    expect(performance.now()).toBeLessThan(deadline);
    await sleep(20);
  }
}

function start({ settings }: SharedStore, { credential }: RotatingServer, scan: SecretScan): RunningProgram {
  const replica: ReplicaSettings = { credential, store: settings, scope: graph };
  return RunningProgram.node([program], { env: { REPLICA: JSON.stringify(replica) }, scan });
}

describe.each(Object.keys(faults))('when %s', (name) => {
  it.each(['while the server answers', 'before'])(
    'an application keeps the refresh token, serves on, reports it, and stores it later: %s',
    async (when) => {
      const inBetween = when !== 'before';
      const server = inBetween ? ofEntra(stores.entra) : ofOidcProvider(oidc);
      const { shared, problem, happen, pass } = faults[name]!();
      const first = await server.issue();
      await put(shared.store, first);
      const before = await server.statistics();
      const scan = new SecretScan({ 'client secret': server.credential.clientSecret ?? '', first });
      await using application = start(shared, server, scan);
      await application.said(/ready/);
      const health = async (): Promise<Health> => {
        const seen = await ask<Health>(application, 'health');
        scan.value('health', seen);
        return seen;
      };
      const credentialName = async () => (await health()).tokens[0]?.credential?.name;

      const held = await ask<string>(application, 'token');
      expect(await credentialName()).toBe('ready');
      const stored = await storedToken(shared.store);
      scan.protect({ stored });
      expect(await server.accepts(stored)).toBe(true);

      if (inBetween) {
        const asked = stores.entra.requests.token;
        stores.entra.latencyInMs = latencyInMs;
        const redeemed = ask(application, 'redeem');
        await until(() => Promise.resolve(stores.entra.requests.token > asked));
        await happen(application);
        await redeemed;
        stores.entra.latencyInMs = 0;
      } else {
        await happen(application);
        await ask(application, 'redeem');
      }
      await ask(application, 'redeem');
      const newest = await ask<string>(application, 'redeem');

      expect(await ask(application, 'token')).toBe(held);
      expect(await health()).toMatchObject({
        status: 'up',
        tokens: [
          {
            state: 'degraded',
            credential: {
              name: 'degraded',
              problem: expect.stringMatching(problem),
              fix: expect.stringMatching(/^Do not restart before it is stored/),
            },
          },
        ],
      });
      // To the server, a process that began with what is stored now would be a thief.
      expect(await server.accepts(stored)).toBe(false);

      await pass(application);
      await until(async () => (await credentialName()) === 'ready');
      const saved = await storedToken(shared.store);
      expect(digest(saved)).toBe(newest);
      expect(await server.accepts(saved)).toBe(true);
      expect(await server.statistics()).toEqual({ ...before, redemptions: before.redemptions + 4 });

      await ask(application, 'close');
      expect(await application.end()).toEqual({ code: 0, signal: null });
      scan.protect({ saved });
      expect(scan.leaks()).toEqual([]);
    },
  );
});
