import type { AccessToken, TokenCredential } from '../../../lib/entra/token-credential.js';
import type { RefreshOptions } from '../../../lib/options/entra-auth-module.options.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { processLogger } from '../../../lib/common/guarded-logger.js';
import { noRegistry } from '../../../lib/engine/refresh-scheduler.js';
import { TokenEngine } from '../../../lib/engine/token-engine.js';
import { seededRandom, uniform } from '../seeded-random.js';
import { SimulatedTime } from '../simulated-time.js';
import { RequestRate } from './request-rate.js';

export interface Fleet {
  replicas: number;
  /** How many resources each replica keeps a token for. */
  resources: number;
  /** The time within which all of them boot. */
  bootsWithinInSeconds: number;
  /**
   * How long tokens live: anything in this range. With one number for both, nothing but the module drives replicas
   * apart.
   */
  lifeInSeconds: readonly [least: number, most: number];
  refresh: RefreshOptions;
  outage?: { fromSecond: number; toSecond: number };
  /** How long it is watched. */
  seconds: number;
}

const startsAt = Date.UTC(2026, 0, 1);
const latencyInMs = { least: 20, most: 200 };

/** Lets a fleet of the module's real services live for a while, and counts the requests for tokens in each second. */
export async function simulateFleet(fleet: Fleet, seed: number): Promise<RequestRate> {
  const time = new SimulatedTime(startsAt);
  const random = seededRandom(seed, 6);
  const rate = new RequestRate(fleet.seconds);
  const credential = credentialOf(fleet, time, rate, random);
  const names = Array.from({ length: fleet.resources }, (_, n) => `resource-${n + 1}`);
  const resources = Object.fromEntries(
    names.map((name) => [name, { scopes: `https://${name}.example/.default` }]),
  );
  const services: TokenEngine[] = [];
  for (let replica = 0; replica < fleet.replicas; replica++) {
    const clock = time.clock(seededRandom(seed, 7, replica));
    const options = resolveOptions({
      clock,
      credential,
      resources,
      refresh: fleet.refresh,
      startup: 'background',
    });
    const service = new TokenEngine(options, { timers: noRegistry, logger: processLogger });
    services.push(service);
    time.setTimeout(() => void service.start(), uniform(0, fleet.bootsWithinInSeconds * 1000, random));
  }
  await time.advanceTo(startsAt + fleet.seconds * 1000);
  time.dropAll();
  return rate;
}

function credentialOf(
  { lifeInSeconds, outage }: Fleet,
  time: SimulatedTime,
  rate: RequestRate,
  random: () => number,
): TokenCredential {
  let issued = 0;
  return {
    getToken: async (): Promise<AccessToken> => {
      const second = (time.now() - startsAt) / 1000;
      rate.count(second);
      await new Promise<void>((resolve) => {
        time.setTimeout(resolve, uniform(latencyInMs.least, latencyInMs.most, random));
      });
      if (outage !== undefined && second >= outage.fromSecond && second < outage.toSecond) {
        throw new Error('AADSTS90033: a transient error has occurred.');
      }
      const expiresOnTimestamp = time.now() + uniform(...lifeInSeconds, random) * 1000;
      return { token: `token-${++issued}`, expiresOnTimestamp };
    },
  };
}
