import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const count = 16_000;
const perTurn = 20;

/** Sixteen thousand scopes that no resource names, and a credential that hangs: how long the event loop is held up. */
export async function run() {
  const credential = { getToken: () => new Promise(() => undefined) };
  const ours = await startApplication({
    credential,
    resources: {},
    refresh: { attemptTimeoutInMs: 3_000 },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let failed = 0;
  for (let n = 0; n < count; n++) {
    ours.tokens.getToken(`https://host-${n}.example/.default`).catch(() => failed++);
    if (n % perTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  while (failed < count) await sleep(100);
  delay.disable();
  await ours.close();
  return [atMost('on-demand/16000-hanging-event-loop-p99-ms', 'ms', delay.percentile(99) / 1e6, 20)];
}
