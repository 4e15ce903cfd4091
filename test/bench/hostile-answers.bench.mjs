import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { RefreshTokenCredential } from 'nestjs-entra-auth';

import { startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const clientId = '11111111-1111-4111-8111-111111111111';
const clientSecret = 'a-secret-of-the-benchmark';

/** Every answer to every kind of credential: how long the event loop is held up, and how much memory grows. */
export async function run() {
  const worker = new Worker(new URL('hostile-server.mjs', import.meta.url));
  const [server] = await once(worker, 'message');
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = server.imdsUrl;
  // What a first request loads and compiles is not the fault of its answer.
  for (const tenant of Object.keys(server.tenants)) await ask(server, tenant, measure());
  const worst = { delay: 0, memory: 0 };
  for (const tenant of Object.keys(server.tenants)) {
    // What an answer costs, it costs each time; the rest is the machine's.
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const measured = measure();
      await ask(server, tenant, measured);
      rounds.push(measured);
    }
    const delay = Math.min(...rounds.map((round) => round.delay));
    const memory = Math.min(...rounds.map((round) => round.memory));
    process.stderr.write(`  ${server.tenants[tenant]}: ${delay.toFixed(1)} ms, ${memory.toFixed(1)} MiB\n`);
    worst.delay = Math.max(worst.delay, delay);
    worst.memory = Math.max(worst.memory, memory);
  }
  await worker.terminate();
  return [
    atMost('hostile-answers/event-loop-max-ms', 'ms', worst.delay, 50),
    atMost('hostile-answers/memory-max-mib', 'MiB', worst.memory, 20),
  ];
}

async function ask(server, tenantId, measured) {
  const { authorityHost, certificateAuthority } = server;
  const authority = { authorityHost, certificateAuthority };
  const secret = { tenantId, clientId, clientSecret };
  const credentials = {
    'client-secret': { kind: 'client-secret', ...secret, ...authority },
    'managed-identity': { kind: 'managed-identity' },
    'refresh-token': new RefreshTokenCredential({ ...secret, ...authority, refreshToken: 'a-refresh-token' }),
  };
  for (const [name, credential] of Object.entries(credentials)) {
    const scopes =
      name === 'managed-identity' ? `https://${tenantId}/.default` : 'https://api.example/.default';
    const ours = await startApplication({ credential, resources: { api: { scopes } }, startup: 'lazy' });
    await measured.during(() => ours.tokens.getToken('api').catch(() => undefined));
    await ours.close();
  }
}

const used = () => {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
};

function measure() {
  return {
    delay: 0,
    memory: 0,
    async during(work) {
      globalThis.gc?.();
      await sleep(20);
      const before = used();
      const delay = monitorEventLoopDelay({ resolution: 1 });
      let peak = before;
      const sampling = setInterval(() => (peak = Math.max(peak, used())), 2);
      delay.enable();
      await work();
      await sleep(5);
      delay.disable();
      clearInterval(sampling);
      this.delay = Math.max(this.delay, delay.max / 1e6);
      this.memory = Math.max(this.memory, peak - before);
    },
  };
}
