import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { NestFactory } from '@nestjs/core';
import { EntraAuthModule } from 'nestjs-entra-auth';
import { EntraUserTokenService } from 'nestjs-entra-auth/users';

import { seededRandom } from '../simulation/seeded-random.js';
import { growthAfterWarmUp } from './memory-trend.js';
import { PacedTime } from './paced-time.js';
import { UserChurn } from './user-churn.js';
import { clientId, tenantId } from './user-tokens.js';

export interface UserSoakOptions {
  users: number;
  /** How much simulated time the churn takes. */
  minutes: number;
  /** How many times as fast as the machine's the clock runs. */
  speed: number;
  callsPerSecond: number;
  seed: number;
  /** Path of the token endpoint as a program of Node.js. */
  server: string;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const minute = 60_000;
const flatInMiB = 24;
const longestP99InMs = 10;

/**
 * Lets users call an API for an hour of simulated time, each with a token that ends some time within it and is followed by
 * another one. Then all end at once.
 */
export async function soakUsers(options: UserSoakOptions) {
  const { users, minutes, speed, seed } = options;
  const startedAt = Date.now();
  const clock = new PacedTime();
  const server = fork(options.server);
  const [endpoint] = (await once(server, 'message')) as [object];
  const application = await NestFactory.createApplicationContext(
    moduleOf(EntraAuthModule.forRoot(optionsOf(endpoint, clock, users))),
    { logger: ['error'] },
  );
  const service = application.get(EntraUserTokenService);
  const churn = new UserChurn(service, clock, users, seededRandom(seed));
  await churn.fill();
  process.stderr.write(`filled: ${service.state().users} users in ${(Date.now() - startedAt) / 1_000} s\n`);

  clock.run(speed);
  const rss: number[] = [];
  const delays = await withDelays(async (delay) => {
    for (let passed = 0; passed < minutes; passed++) {
      const end = clock.now() + minute;
      while (clock.now() < end) {
        churn.call(Math.ceil(options.callsPerSecond / 100));
        await sleep(10);
      }
      delay.disable();
      // Without it the figure would show how lazy the collector is.
      collectGarbage();
      rss.push(process.memoryUsage.rss());
      delay.enable();
    }
    await churn.settled();
  });
  const { users: held, bytes, evictions, exchanges } = service.state();

  const expiry = await withDelays(async () => {
    clock.jump(24 * 60 * minute);
    while (service.state().users > 0) await sleep(1);
    // What the sweep left is collected.
    await sleep(2_000);
  });
  await application.close();
  server.disconnect();
  const memory = { rssMiB: Math.round((rss.at(-1) ?? 0) / 2 ** 20), rssGrowthMiB: growthAfterWarmUp(rss) };
  const report = { ...churn.counts, held, bytes, evictions, exchanges, ...memory, delays, expiry };
  return { report, problems: problemsOf(report, users) };
}

type Delays = Awaited<ReturnType<typeof withDelays>>;

function problemsOf(
  {
    wrong,
    failed,
    held,
    rssGrowthMiB,
    delays,
    expiry,
  }: {
    wrong: number;
    failed: number;
    held: number;
    rssGrowthMiB: number;
    delays: Delays;
    expiry: Delays;
  },
  users: number,
): string[] {
  const problems: [boolean, string][] = [
    [wrong > 0, `${wrong} answers were for the wrong user`],
    [failed > 0, `${failed} calls failed`],
    [held > users || held < 0.8 * users, `${held} users are held`],
    [rssGrowthMiB > flatInMiB, `RSS grew by ${rssGrowthMiB} MiB after warm-up`],
    [delays.p99Ms >= longestP99InMs, `p99 of the event loop was ${delays.p99Ms} ms`],
    [expiry.p99Ms >= longestP99InMs, `p99 of the event loop was ${expiry.p99Ms} ms when all ended at once`],
  ];
  return problems.flatMap(([isOne, problem]) => (isOne ? problem : []));
}

/** How long the event loop was held up meanwhile, in milliseconds. */
async function withDelays(work: (delay: IntervalHistogram) => Promise<void>) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(50);
  delay.reset();
  await work(delay);
  delay.disable();
  const ms = (ns: number): number => Math.round(ns / 1e4) / 100;
  return { p50Ms: ms(delay.percentile(50)), p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max) };
}

function moduleOf(module: ReturnType<typeof EntraAuthModule.forRoot>) {
  class AppModule {}
  return { module: AppModule, imports: [module] };
}

function optionsOf(endpoint: object, clock: PacedTime, maxUsers: number) {
  const client = { tenantId, clientId, clientSecret: 'a secret of the soak', ...endpoint };
  const resources = { graph: { scopes: ['User.Read'] } };
  const cache = { maxUsers, maxBytes: 2 ** 30 };
  // Deadlines are by the clock that runs fast.
  const users = { client: { ...client, requestTimeoutInMs: 600_000 }, resources, cache };
  return { startup: 'lazy' as const, clock, users };
}
