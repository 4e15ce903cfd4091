import type { OnApplicationShutdown } from '@nestjs/common';

import { optionalPackage } from '../common/optional-package.js';
import type { Assembly } from '../options/assemble.js';
import type { OpenTelemetryApi } from '../telemetry/start-telemetry.js';

/** Reports to OpenTelemetry from boot to shutdown. */
export class EntraTelemetry implements OnApplicationShutdown {
  readonly #stop: () => void;

  private constructor(stop: () => void) {
    this.#stop = stop;
  }

  /** @throws {EntraOptionsError} when the option is `true` and `@opentelemetry/api` is not installed */
  static async start({ options, engine, dataSources, users }: Assembly): Promise<EntraTelemetry> {
    const { telemetry, clock, resources } = options;
    const api = telemetry === false ? undefined : await loadApi(telemetry === true);
    if (api === undefined) return new EntraTelemetry(() => undefined);
    const { startTelemetry } = await import('../telemetry/start-telemetry.js');
    const tokens = {
      events: engine.events,
      state: () => engine.state(),
      isConfigured: (name: string) => resources.has(name),
      now: () => clock.now(),
    };
    const ofUsers = users && {
      events: users.events,
      state: () => users.state(),
      isConfigured: (name: string) => options.users?.resources.has(name) === true,
    };
    return new EntraTelemetry(startTelemetry(api, tokens, dataSources.logins, ofUsers));
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.#stop();
  }
}

async function loadApi(isRequired: boolean): Promise<OpenTelemetryApi | undefined> {
  const load = (): Promise<OpenTelemetryApi> => import('@opentelemetry/api');
  if (isRequired) return optionalPackage({ name: '@opentelemetry/api', option: 'telemetry', load });
  return load().catch(() => undefined);
}
