// The stack of the sample application under load, in a process of its own, so that what is measured is nothing else.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  EntraAuthModule,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  type CredentialConfiguration,
  type EntraDataSourceOptions,
} from 'nestjs-entra-auth';

import { CreateNotes1763683200000 } from '../../sample-app/notes/migrations/1763683200000-create-notes.js';
import { NotesModule } from '../../sample-app/notes/notes.module.js';
import { NotesService } from '../../sample-app/notes/notes.service.js';
import { growthAfterWarmUp } from './memory-trend.js';

/** What the soak passes in the variable `SOAK`. */
export interface ApplicationOptions {
  credential: CredentialConfiguration;
  database: EntraDataSourceOptions & { type: 'postgres' };
}

/** What the application did and met. */
export interface Measurement {
  queries: number;
  queryFailures: number;
  logins: number;
  loginFailures: number;
  tokenFailures: number;
  expiries: number;
  refreshes: number;
  maxEventLoopDelayMs: number;
  rssGrowthMiB: number;
  /** Of what is not garbage, outside of the heap as well. */
  liveGrowthMiB: number;
  unhandledRejections: number;
  /** The first few errors, in words. */
  errors: string[];
}

const { credential, database } = JSON.parse(process.env['SOAK'] ?? '') as ApplicationOptions;

@Module({
  imports: [
    ScheduleModule.forRoot(),
    EntraAuthModule.forRoot({
      credential,
      resources: { postgres: {}, graph: {} },
      // All that is counted in seconds is as short as the tokens' life.
      refresh: {
        attemptTimeoutInMs: 1_000,
        backoff: { initialDelayInMs: 100, maxDelayInMs: 300 },
        permanentErrorRetryInMs: 1_000,
      },
      dataSource: {
        ...database,
        autoLoadEntities: true,
        migrations: [CreateNotes1763683200000],
        migrationsRun: true,
        // Connections live a second, so that new logins happen all the time.
        extra: { max: 6, maxLifetimeSeconds: 1, idleTimeoutMillis: 300 },
      },
    }),
    TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
    NotesModule,
  ],
})
class SoakModule {}

const measured: Measurement = {
  queries: 0,
  queryFailures: 0,
  logins: 0,
  loginFailures: 0,
  tokenFailures: 0,
  expiries: 0,
  refreshes: 0,
  maxEventLoopDelayMs: 0,
  rssGrowthMiB: 0,
  liveGrowthMiB: 0,
  unhandledRejections: 0,
  errors: [],
};

function note(error: unknown): void {
  if (measured.errors.length < 5) measured.errors.push(`${new Date().toISOString()} ${String(error)}`);
}

process.on('unhandledRejection', (reason) => {
  measured.unhandledRejections++;
  note(reason);
});

const app = await NestFactory.createApplicationContext(SoakModule, { logger: false });
const notes = app.get(NotesService);
const tokens = app.get(EntraTokenService);

tokens.events.subscribe(({ type }) => {
  if (type === 'refreshed') measured.refreshes++;
  if (type === 'expired') measured.expiries++;
});
app.get(EntraTypeOrmOptionsFactory).logins.subscribe(({ outcome, error }) => {
  measured.logins++;
  if (outcome === 'accepted') return;
  measured.loginFailures++;
  note(error);
});

let running = true;

/** One user who does the same thing again and again. */
async function user(pauseInMs: number, act: () => Promise<void>): Promise<void> {
  while (running) {
    await act();
    await sleep(pauseInMs);
  }
}

async function query(act: () => Promise<unknown>): Promise<void> {
  measured.queries++;
  try {
    await act();
  } catch (error) {
    measured.queryFailures++;
    note(error);
  }
}

async function holdToken(): Promise<void> {
  const before = Date.now();
  try {
    const { expiresOnTimestamp } = await tokens.getToken('graph');
    if (expiresOnTimestamp <= before) throw new Error('The token had expired.');
  } catch (error) {
    measured.tokenFailures++;
    note(error);
  }
}

const rss: number[] = [];
const live: number[] = [];

/** Without a collection first, the figures would show how lazy the collector is. */
function weigh(): Promise<void> {
  globalThis.gc?.();
  const usage = process.memoryUsage();
  rss.push(usage.rss);
  live.push(usage.heapUsed + usage.external);
  return Promise.resolve();
}

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const users = [
  ...Array.from({ length: 4 }, () => user(10, () => query(() => notes.list()))),
  ...Array.from({ length: 2 }, (_, n) => user(25, () => query(() => notes.add(`from writer ${n}`)))),
  user(10, holdToken),
  user(1_000, weigh),
];

async function finish(): Promise<Measurement> {
  running = false;
  await Promise.all(users);
  measured.maxEventLoopDelayMs = Math.round(delay.max / 1e6);
  measured.rssGrowthMiB = Math.round(growthAfterWarmUp(rss) * 100) / 100;
  measured.liveGrowthMiB = Math.round(growthAfterWarmUp(live) * 100) / 100;
  await app.close();
  return measured;
}

process.once('message', () => {
  void finish().then((measurement) => {
    process.send?.(measurement);
    process.disconnect();
  });
});
process.stdout.write('under load\n');
