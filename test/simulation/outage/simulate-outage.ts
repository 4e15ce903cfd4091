import { exponential, seededRandom } from '../seeded-random.js';
import type { SimulatedTime } from '../simulated-time.js';
import { identities, type IdentityName } from './identity.js';
import { drawOutage, type Outage } from './outage.js';
import { EntraOfTheDay, SimulatedEntra } from './simulated-entra.js';
import { strategies, type RunningStrategy } from './strategy.js';

/** Logins that arrived in a span of time, and how many of them failed. */
export interface Logins {
  tried: number;
  failed: number;
}

/** What one strategy made of one outage. */
export interface OutageResult {
  identity: IdentityName;
  strategy: string;
  fault: Outage['fault'];
  /** Length of the outage as a share of the life of the token that was held when it began. */
  lengthInLives: number;
  lengthInMs: number;
  /** Before the outage, with nothing wrong. */
  before: Logins;
  /** During the outage, and until everybody should have recovered from it. */
  during: Logins;
  requestsInOutage: number;
  unhandledRejections: number;
}

const loginsPerLife = 70;
const loginDeadlineInMs = 15_000;
const aftermathInMs = 5 * 60_000;

// MSAL keeps the client that the first managed identity credential of the process was given, and uses it for all.
const httpClient = new EntraOfTheDay();

/**
 * Lets one application live through one outage. Both are the same in every run for the same numbers; applications of
 * different strategies meet the same outage and the same logins. A process must keep to one strategy and one time, since
 * MSAL keeps parts of the first managed identity for ever.
 */
export async function simulateOutage(
  time: SimulatedTime,
  seed: number,
  index: number,
  strategyIndex: number,
): Promise<OutageResult> {
  const identity = identities[index % identities.length];
  const strategy = strategies[strategyIndex];
  if (identity === undefined || strategy === undefined) throw new RangeError('There is no such simulation.');
  // Managed identity keeps one cache per process: by now, every token of earlier runs in it has expired.
  await time.advanceTo(Math.ceil(time.now() / 1000) * 1000 + 2 * identity.longestLifeInMs);
  const bootsAt = time.now();
  const outage = drawOutage(bootsAt, identity, seed, index);
  const uninstall = time.install(seededRandom(seed, index, 2, strategyIndex));
  const rejections = countRejections();
  try {
    const entra = new SimulatedEntra(time, identity, outage, seededRandom(seed, index, 3, strategyIndex));
    httpClient.entra = entra;
    const clock = time.clock(seededRandom(seed, index, 4, strategyIndex));
    const scope = `https://${strategy.name}.example/.default`;
    const starting = strategy.start({ identity, httpClient, clock, scope });
    await time.advanceTo(bootsAt + 10_000);
    const running = await starting;
    const before: Logins = { tried: 0, failed: 0 };
    const during: Logins = { tried: 0, failed: 0 };
    const arrivals = seededRandom(seed, index, 5);
    const end = outage.endsAt + aftermathInMs;
    for (let at = time.now(); ;) {
      at += exponential(identity.longestLifeInMs / loginsPerLife, arrivals);
      if (at >= end) break;
      await time.advanceTo(at);
      logIn(running, entra, time, at < outage.startsAt ? before : during);
    }
    await time.advanceTo(end + 2 * loginDeadlineInMs);
    const stopping = running.stop();
    await time.advanceTo(time.now() + 10_000);
    await stopping;
    return {
      identity: identity.name,
      strategy: strategy.name,
      fault: outage.fault,
      lengthInLives: (outage.endsAt - outage.startsAt) / entra.lifeBeforeOutageInMs,
      lengthInMs: outage.endsAt - outage.startsAt,
      before,
      during,
      requestsInOutage: entra.requestsInOutage,
      unhandledRejections: rejections.stop(),
    };
  } finally {
    rejections.stop();
    time.dropAll();
    uninstall();
  }
}

/** One login: it fails without a token within its deadline, and with a token that has expired when it is used. */
function logIn(running: RunningStrategy, entra: SimulatedEntra, time: SimulatedTime, logins: Logins): void {
  logins.tried++;
  let settled = false;
  const settle = (succeeded: boolean): void => {
    if (settled) return;
    settled = true;
    time.clearTimeout(deadline);
    if (!succeeded) logins.failed++;
  };
  const deadline = time.setTimeout(() => settle(false), loginDeadlineInMs);
  running.password().then(
    (token) => settle(entra.isValid(token)),
    () => settle(false),
  );
}

/** `getBearerTokenProvider` leaves failed refreshes unhandled, which would end the process. */
function countRejections(): { stop(): number } {
  let count = 0;
  const onRejection = (): void => void count++;
  process.on('unhandledRejection', onRejection);
  return {
    stop: () => {
      process.off('unhandledRejection', onRejection);
      return count;
    },
  };
}
