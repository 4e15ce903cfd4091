import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { ScheduleModule } from '@nestjs/schedule';
import { EntraAuthModule, EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';
import { EntraDashboardModule } from 'nestjs-entra-auth/dashboard';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { inPairs } from './paired.mjs';
import { atMost } from './report.mjs';

const watchers = 10;
const loginsPerMinute = 1_000;
const roundInMs = 10_000;
const pairs = 6;

/** CPU time of an application that logs in a thousand times a minute, with ten pages open and with none. */
export async function run() {
  const entra = await startLocalEntra({ postgres: true });
  const { application, pool } = await startDashboard(entra);
  const browser = fork(new URL('dashboard-watchers.mjs', import.meta.url), [
    `${await application.getUrl()}/entra/events`.replace('[::1]', 'localhost'),
    String(watchers),
  ]);
  await once(browser, 'message');
  const watch = async (count) => {
    browser.send(count);
    const [open] = await once(browser, 'message');
    if (open !== count) throw new Error(`${open} pages are open in place of ${count}.`);
    // The first message to a page, and the end of a stream, belong to no round.
    await sleep(500);
    return cpuShareOfLogins(pool);
  };
  const share = await inPairs(
    { ours: () => watch(watchers), peer: () => watch(0) },
    { warmUpPairs: 1, pairs },
  );
  browser.disconnect();
  await pool.end();
  await application.close();
  await entra.stop();
  return [atMost('dashboard/ten-watchers-cpu-percent', '% of a core', share.ours - share.peer, 2)];
}

async function startDashboard(entra) {
  class AppModule {}
  const { host, port, database, username } = entra.postgres;
  const ssl = { ca: entra.certificateAuthority };
  const dataSource = { type: 'postgres', host, port, database, username, ssl };
  const imports = [
    ScheduleModule.forRoot(),
    EntraAuthModule.forRoot({ credential: entra.credential(), dataSource, resources: { graph: {} } }),
    EntraDashboardModule.forRoot(),
  ];
  const module = { module: AppModule, imports };
  const application = await NestFactory.create(module, new ExpressAdapter(), { logger: ['error'] });
  await application.listen(0, 'localhost');
  const { driver, password } = await application.get(EntraTypeOrmOptionsFactory).createTypeOrmOptions();
  const login = { host, port, database, user: username, password, ssl: { ...ssl, rejectUnauthorized: true } };
  return { application, pool: new driver.Pool({ ...login, max: 1, connectionTimeoutMillis: 15_000 }) };
}

/** @returns percent of a core while the logins of a round are made, evenly apart */
async function cpuShareOfLogins(pool) {
  const start = performance.now();
  const before = process.cpuUsage();
  for (let login = 1; performance.now() - start < roundInMs; login++) {
    const client = await pool.connect();
    client.release(true);
    await sleep(Math.max(0, start + (login * 60_000) / loginsPerMinute - performance.now()));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - start);
}
