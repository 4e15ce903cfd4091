import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { EntraAuthModuleOptions, TokenEvent } from 'nestjs-entra-auth';

import { resolveOptions } from '../../lib/options/resolve-options.js';
import { TokenEngine } from '../../lib/engine/token-engine.js';

import { ManualClock } from '../../lib/testing/manual-clock.js';
import { EngineTokenService } from '../../lib/nest/engine-token.service.js';
import { FakeCredential } from './fake-credential.js';

// What a test wants to know of the log, it asks of a logger of its own.
Logger.overrideLogger(false);

/** The token service on a clock and a credential that the test controls, without Nest. */
export function createEngine(options: Partial<EntraAuthModuleOptions> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const credential = new FakeCredential(clock.now);
  const registry = new SchedulerRegistry();
  const resolved = resolveOptions({ credential, clock, resources: { graph: {} }, ...options });
  const engine = new TokenEngine(resolved, { timers: registry, logger: new Logger('EntraAuth') });
  const service = new EngineTokenService(engine);
  const events: TokenEvent[] = [];
  service.events.subscribe((event) => events.push(event));
  return { clock, credential, registry, engine, service, events };
}

export const eventTypes = (events: readonly TokenEvent[]): string[] => events.map(({ type }) => type);
