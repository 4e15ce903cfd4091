import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { resources, startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const count = 10_000;
const span = 60_000;
const settling = 2_000;

/** Ten thousand tokens that fall due within one minute: how long the event loop is held up. */
export async function run() {
  let issued = 0;
  let first = true;
  const credential = {
    // The first tokens fall due one after the other over a minute; those that replace them, after the measurement.
    getToken: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const now = Date.now();
      const refreshAfterTimestamp = first ? now + settling + (issued / count) * span : now + 3_600_000;
      return { token: `token-${issued++}`, expiresOnTimestamp: now + 24 * 3_600_000, refreshAfterTimestamp };
    },
  };
  const ours = await startApplication({
    credential,
    resources: resources(count, { refresh: { jitter: 0 } }),
  });
  first = false;
  await sleep(settling / 2);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(span + settling);
  delay.disable();
  const refreshed = ours.tokens.state().filter(({ refreshes }) => refreshes >= 2).length;
  await ours.close();
  if (refreshed < count) throw new Error(`Only ${refreshed} of ${count} tokens were refreshed.`);
  return [atMost('event-loop/10000-due-p99-ms', 'ms', delay.percentile(99) / 1e6, 10)];
}
