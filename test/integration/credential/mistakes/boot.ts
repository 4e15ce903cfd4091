import { setTimeout as pause } from 'node:timers/promises';

import type { EntraAuthError } from 'nestjs-entra-auth';

import type { AzureIdentityLoader } from '../../../../lib/credential/azure-identity.js';
import { credentialFactory } from '../../../../lib/credential/create-credential.js';
import { createEngine } from '../../../support/engine.js';
import type { MachineClock } from '../../../support/machine-clock.js';
import type { Ground, Mistake } from './mistake.js';

export const startupTimeoutInMs = 30_000;

export interface FailedBoot {
  error: EntraAuthError;
  /** How much time passed until the start failed, by the application's clock. */
  tookInMs: number;
  attempts: number;
  pendingTimers: number;
}

/** Boots an application with real sockets until its start fails; time passes only between its attempts. */
export async function failingBoot(
  mistake: Mistake,
  ground: Ground,
  clock: MachineClock,
  load: AzureIdentityLoader,
): Promise<FailedBoot> {
  const { service, events } = createEngine({
    clock,
    credential: credentialFactory(mistake.configuration(ground), 'public', clock, load),
    resources: mistake.resources ?? { graph: {} },
  });
  const failures = () => events.filter((event) => event.type === 'refresh-failed');
  const { requests } = ground.entra;
  const startedAt = clock.now();
  let error: unknown;
  void service.onModuleInit().catch((thrown: unknown) => (error = thrown));
  while (error === undefined) {
    const seen = failures().length;
    const asked = requests.total;
    const next = failures().at(-1)?.nextRefreshAt.getTime() ?? 0;
    const until = Math.min(next, startedAt + startupTimeoutInMs);
    await clock.advance(Math.max(until - clock.now(), 0));
    while (error === undefined && failures().length === seen) {
      await pause(1);
      if (mistake.hangs && requests.total > asked) await clock.advance(clock.untilNextTimer);
    }
  }
  const tookInMs = clock.now() - startedAt;
  const attempts = failures().length;
  await service.onApplicationShutdown();
  return { error: error as EntraAuthError, tookInMs, attempts, pendingTimers: clock.pendingTimers };
}
