import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileRefreshTokenStore, type RefreshTokenStore } from 'nestjs-entra-auth';
import { DataSource, type DataSourceOptions } from 'typeorm';

import {
  CreateEntraRefreshToken1763683200000,
  TypeOrmRefreshTokenStore,
} from '../../lib/store/typeorm/index.js';
import { startTestServer, type TestServer } from '../integration/testing/postgres.fixture.js';
import { bundleProgram } from '../support/bundle.js';
import { RunningProgram } from '../support/running-program.js';

const replicas = 4;
const roundsEach = 25;
/** Of a file's replicas. */
const kills = Number(process.env['KILLS'] ?? 100);

let fileReplica: string;
let databaseReplica: string;
let directory: string;
let server: TestServer;
let connection: DataSourceOptions;
let dataSource: DataSource;

beforeAll(async () => {
  fileReplica = await bundleProgram('test/e2e/fixtures/refresh-token-stores/file-replica.ts');
  databaseReplica = await bundleProgram('test/e2e/fixtures/refresh-token-stores/database-replica.ts');
  directory = mkdtempSync(join(tmpdir(), 'replicas-'));
  chmodSync(directory, 0o700);
  server = await startTestServer({ rights: 'migrations' });
  const { host, port, database, user, password, ssl } = server.client();
  connection = { type: 'postgres', host, port, database, username: user, password, ssl } as DataSourceOptions;
  dataSource = new DataSource({ ...connection, migrations: [CreateEntraRefreshToken1763683200000] });
  await dataSource.initialize();
  await dataSource.runMigrations();
});

afterAll(async () => {
  await dataSource?.destroy();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Shared {
  store: RefreshTokenStore;
  start: (rounds: number) => RunningProgram;
}

const shared: Record<string, (name: string) => Shared> = {
  file: (name) => {
    const path = join(directory, name);
    return {
      store: new FileRefreshTokenStore({ path }),
      start: (rounds) => RunningProgram.node([fileReplica, String(rounds)], { env: { STORE_PATH: path } }),
    };
  },
  database: () => ({
    store: new TypeOrmRefreshTokenStore({ dataSource }),
    start: (rounds) =>
      RunningProgram.node([databaseReplica, String(rounds)], {
        env: { STORE_DATABASE: JSON.stringify(connection) },
      }),
  }),
};

const count = async (store: RefreshTokenStore): Promise<number> =>
  Number((await store.load())?.value.refreshToken ?? '0');

async function stop(programs: readonly RunningProgram[]): Promise<void> {
  await Promise.all(programs.map((each) => each[Symbol.asyncDispose]()));
}

describe.each(['file', 'database'])('replicas that share a store: %s', (kind) => {
  it('lose no update', async () => {
    const { store, start } = shared[kind]!('counted.json');
    const before = await count(store);
    const running = Array.from({ length: replicas }, () => start(roundsEach));
    try {
      const ends = await Promise.all(running.map((each) => each.end(undefined, 240_000)));
      expect(running.map(({ output }) => output.match(/Error.*|Warning.*/g))).toEqual(
        running.map(() => null),
      );
      expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null })));
    } finally {
      await stop(running);
    }

    const numbers = running.flatMap(({ output }) =>
      [...output.matchAll(/^saved (\d+)$/gm)].map((m) => Number(m[1])),
    );
    expect(numbers.sort((a, b) => a - b)).toEqual(
      Array.from({ length: replicas * roundsEach }, (_, n) => before + n + 1),
    );
    expect(await count(store)).toBe(before + replicas * roundsEach);
  });

  it('take over at once from one that is killed inside', async () => {
    const { store, start } = shared[kind]!('killed.json');
    for (let round = 0; round < 5; round++) {
      const victim = start(1_000_000);
      try {
        await victim.said(/inside/);
        victim.process.kill('SIGKILL');
        await victim.ended;
        const startedAt = performance.now();
        // Far below the fifteen seconds after which a silent holder counts as dead.
        await store.exclusive((access) => access.load(), { timeoutInMs: 3000 });
        expect(performance.now() - startedAt).toBeLessThan(3000);
      } finally {
        await stop([victim]);
      }
    }
  });
});

/** A replica without the belongings of a `RunningProgram`, of which a hundred would take long to look for. */
class Victim {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  output = '';

  constructor(path: string) {
    const env = { PATH: process.env['PATH'], STORE_PATH: path };
    this.process = spawn(process.execPath, [fileReplica, '1000000'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    this.ended = once(this.process, 'close');
  }

  async hasSaved(): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!/^saved/m.test(this.output)) {
      if (performance.now() > deadline) throw new Error(`It saved nothing. It said:\n${this.output}`);
      await sleep(3);
    }
  }
}

describe('the file under replicas that are killed at any moment', () => {
  it('is always whole, holds every number that was said to be saved, and can be had at once', async () => {
    const { store } = shared['file']!('whole.json');
    const path = join(directory, 'whole.json');
    const seen = { locks: 0, temporaries: 0 };
    let saved = 0;
    const waiting = Array.from({ length: 3 }, () => new Victim(path));
    try {
      for (let kill = 0; kill < kills; kill++) {
        const victim = waiting.shift()!;
        await victim.hasSaved();
        await sleep(Math.random() * 12);
        victim.process.kill('SIGKILL');
        // The next one starts while this one dies: several at a time, so that locks pass between processes too.
        waiting.push(new Victim(path));
        await victim.ended;
        const left = readdirSync(directory).filter((name) => name.startsWith('whole.json'));
        if (existsSync(`${path}.lock`)) seen.locks++;
        if (left.some((name) => name.endsWith('.tmp'))) seen.temporaries++;
        const said = [...victim.output.matchAll(/^saved (\d+)$/gm)].map((m) => Number(m[1]));
        const now = await count(store);
        expect(now).toBeGreaterThanOrEqual(Math.max(saved, ...said));
        saved = now;
      }
    } finally {
      for (const victim of waiting) victim.process.kill('SIGKILL');
      await Promise.all(waiting.map(({ ended }) => ended));
    }

    const startedAt = performance.now();
    await store.exclusive((access) => access.load(), { timeoutInMs: 3000 });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(readdirSync(directory).filter((name) => name.startsWith('whole.json'))).toEqual(['whole.json']);
    expect(seen.locks).toBeGreaterThan(kills / 10);
  });
});
