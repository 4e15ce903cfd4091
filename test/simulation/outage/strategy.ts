import type { HttpClient } from '@azure/core-rest-pipeline';
import { getBearerTokenProvider } from '@azure/identity';

import type { TokenCredential } from '../../../lib/entra/token-credential.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import type { Clock } from '../../../lib/common/clock.js';
import { processLogger } from '../../../lib/common/guarded-logger.js';
import { noRegistry } from '../../../lib/engine/refresh-scheduler.js';
import { TokenEngine } from '../../../lib/engine/token-engine.js';
import type { Identity } from './identity.js';

/** How an application comes by the password of a login. */
export interface Strategy {
  name: string;
  title: string;
  /** Whether it is this module's. */
  isOurs: boolean;
  start(world: World): Promise<RunningStrategy>;
}

export interface World {
  identity: Identity;
  httpClient: HttpClient;
  clock: Clock;
  scope: string;
}

export interface RunningStrategy {
  /** The password of one login. */
  password(): Promise<string>;
  stop(): Promise<void>;
}

const intervalInMs = 55 * 60_000;

const nothingToStop = { stop: () => Promise.resolve() };

export const strategies: readonly Strategy[] = [
  {
    name: 'module',
    title: 'this module, `credential: { kind }`',
    isOurs: true,
    start: (world) =>
      startModule(world, () => world.identity.credentialOfModule(world.httpClient, world.clock)),
  },
  {
    name: 'module-factory',
    title: 'this module, `credential: () => …`',
    isOurs: true,
    start: (world) => startModule(world, () => world.identity.credential(world.httpClient)),
  },
  {
    name: 'per-connection',
    title: '`credential.getToken()` per connection',
    isOurs: false,
    start: ({ identity, httpClient, scope }) => {
      const credential = identity.credential(httpClient);
      return Promise.resolve({
        ...nothingToStop,
        password: async () => (await credential.getToken(scope))?.token ?? '',
      });
    },
  },
  {
    name: 'bearer-token-provider',
    title: '`getBearerTokenProvider`',
    isOurs: false,
    start: ({ identity, httpClient, scope }) =>
      Promise.resolve({
        ...nothingToStop,
        password: getBearerTokenProvider(identity.credential(httpClient), scope),
      }),
  },
  {
    name: 'interval',
    title: '`setInterval` of 55 minutes',
    isOurs: false,
    start: async ({ identity, httpClient, scope }) => {
      const credential = identity.credential(httpClient);
      let stored = '';
      const store = async (): Promise<void> => {
        stored = (await credential.getToken(scope))?.token ?? '';
      };
      await store();
      const timer = setInterval(() => void store().catch(() => undefined), intervalInMs);
      return {
        password: () => Promise.resolve(stored),
        stop: () => Promise.resolve(clearInterval(timer)),
      };
    },
  },
];

async function startModule(
  { clock, scope }: World,
  credential: () => TokenCredential,
): Promise<RunningStrategy> {
  const options = resolveOptions({ clock, credential, resources: { database: { scopes: scope } } });
  const service = new TokenEngine(options, { timers: noRegistry, logger: processLogger });
  await service.start();
  return {
    password: service.passwordProvider('database'),
    stop: () => service.stop(),
  };
}
