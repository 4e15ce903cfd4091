import type { AccessToken } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

import type { AzureIdentityLoader } from '../../../lib/credential/azure-identity.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import { isCredentialConfiguration } from '../../../lib/credential/resolve-credential.js';
import { createEngine } from '../../support/engine.js';
import type { MachineClock } from '../../support/machine-clock.js';
import { settlesAtOnce } from '../../support/settles-at-once.js';
import type { CredentialKind } from './credential-kinds.js';
import type { FaultRow } from './faults.js';

const second = 1_000;
const minute = 60 * second;
const resource = 'postgres';
const audience = 'https://ossrdbms-aad.database.windows.net';

/** How long a fault lasts: three minutes from when the refresh falls due, or until two before the token expires. */
export type FaultLength = 'brief' | 'long';

/** Attempts that are waited for after the end of a fault. */
const mostSteps = 1;
// Of real time, and only for a test that is about to fail.
const patienceInMs = 60_000;

/** What one fault did to one credential. */
export interface FaultOutcome {
  /** Calls of `getToken` while a valid token was held, and those of them that failed or had to wait for I/O. */
  calls: number;
  errors: unknown[];
  waits: number;
  /** Attempts that ended while the fault lasted, and those of them that failed. */
  attempts: number;
  failedAttempts: number;
  /** Whether an error was taken for one that a person must repair. */
  permanent: boolean;
  /** From the first failed attempt to the end of the fault. */
  failingForInMs: number;
  /** What was left of the held token's life when the fault ended. */
  lifeLeftInMs: number;
  /** HTTP requests that arrived while the fault lasted. */
  requests: number;
  /** Attempts after the end of the fault until the token was fresh again, and how long that took. */
  steps: number;
  recoveryInMs: number;
  recovered: boolean;
  /** What `getToken` returned when the fault was over. */
  lastToken: AccessToken;
  /** Timers that were left after the shutdown. */
  pendingTimers: number;
}

/** Lets one fault happen to one credential: the clock is the test's, the sockets are real. */
export class FaultRun {
  readonly #kind: CredentialKind;
  readonly #fault: FaultRow;
  readonly #entra: LocalEntra;
  readonly #clock: MachineClock;
  readonly #engine;
  readonly #errors: unknown[] = [];
  /** Until when each token is valid whose signature and claims have been checked. */
  readonly #verified = new Map<string, number>();
  #faultIsOn = false;
  #calls = 0;
  #waits = 0;

  constructor(
    kind: CredentialKind,
    fault: FaultRow,
    entra: LocalEntra,
    clock: MachineClock,
    load: AzureIdentityLoader,
  ) {
    this.#kind = kind;
    this.#fault = fault;
    this.#entra = entra;
    this.#clock = clock;
    const given = kind.credential(entra);
    const credential = isCredentialConfiguration(given)
      ? credentialFactory(given, 'public', clock, load)
      : given;
    this.#engine = createEngine({ credential, clock, resources: { [resource]: {} } });
  }

  async run(length: FaultLength): Promise<FaultOutcome> {
    try {
      return await this.#run(length);
    } finally {
      await this.#close();
    }
  }

  async #run(length: FaultLength): Promise<FaultOutcome> {
    const first = await this.#firstToken();
    this.#entra.requests.reset();
    const before = this.#engine.events.length;
    await this.#change(true);
    if (this.#fault.stopsTheProcess) await this.#wakeUp();
    else await this.#sitOut(length, first.expiresOnTimestamp);
    const lifeLeftInMs = (this.#state.expiresAt?.getTime() ?? 0) - this.#clock.now();
    const meanwhile = this.#engine.events.slice(before);
    const failed = meanwhile.filter((event) => event.type === 'refresh-failed');
    const failingForInMs = failed[0] === undefined ? 0 : this.#clock.now() - failed[0].at.getTime();
    const requests = this.#entra.requests.total;
    const attempts = this.#attempts(before);
    await this.#change(false);
    const recovery = await this.#recover();
    const lastToken = await this.#engine.service.getToken(resource);
    if (recovery.recovered) await this.#liveOn();
    return {
      attempts,
      failedAttempts: failed.length,
      permanent: failed.some(({ error }) => !error.retryable),
      failingForInMs,
      lifeLeftInMs,
      requests,
      ...recovery,
      lastToken,
      pendingTimers: await this.#close(),
      calls: this.#calls,
      errors: this.#errors,
      waits: this.#waits,
    };
  }

  /** Gets a token, and lets time pass until just before it is replaced. */
  async #firstToken(): Promise<AccessToken> {
    // Whatever earlier runs left in caches, one of which is common to the whole process, has expired.
    const tillFullSecond = second - (this.#clock.now() % second);
    this.#clock.jump(2 * this.#kind.tokenLifeInMs + tillFullSecond);
    const first = await this.#engine.service.getToken(resource);
    // Before the issuer's own refresh time a cache answers, and no fault is met.
    while (this.#nextAttemptAt < (first.refreshAfterTimestamp ?? 0))
      await this.#passUntil(this.#nextAttemptAt + 1);
    await this.#passUntil(this.#nextAttemptAt - second);
    return first;
  }

  async #sitOut(length: FaultLength, expiry: number): Promise<void> {
    const due = Math.max(this.#clock.now(), this.#nextAttemptAt);
    await this.#passUntil(length === 'brief' ? due + 3 * minute : expiry - 2 * minute);
  }

  async #change(faultIsOn: boolean): Promise<void> {
    const world = { entra: this.#entra, clock: this.#clock, kind: this.#kind };
    this.#faultIsOn = faultIsOn;
    await (faultIsOn ? this.#fault.begin(world) : this.#fault.end(world));
  }

  /** The process runs again: no valid token is held, so this call may wait, but not fail. */
  async #wakeUp(): Promise<void> {
    const { token } = await this.#engine.service.getToken(resource);
    this.#entra.verifyToken(token, { audience });
  }

  async #recover(): Promise<Pick<FaultOutcome, 'steps' | 'recoveryInMs' | 'recovered'>> {
    const before = this.#engine.events.length;
    let recoveryInMs = 0;
    while (this.#state.state !== 'fresh' && this.#attempts(before) < mostSteps) {
      const step = this.#stepTowards(Infinity);
      await this.#pass(step);
      recoveryInMs += step;
    }
    return { steps: this.#attempts(before), recoveryInMs, recovered: this.#state.state === 'fresh' };
  }

  /** A whole life later nothing of the fault is left. */
  async #liveOn(): Promise<void> {
    await this.#passUntil(this.#clock.now() + this.#kind.tokenLifeInMs);
    if (this.#state.state !== 'fresh') this.#errors.push(new Error(`Later it is ${this.#state.state}.`));
  }

  async #close(): Promise<number> {
    const closed = this.#engine.service.onApplicationShutdown();
    // A credential that hangs is left behind after two seconds.
    await this.#clock.advance(2 * second);
    await closed;
    return this.#clock.pendingTimers;
  }

  async #passUntil(end: number): Promise<void> {
    while (this.#clock.now() < end) await this.#pass(this.#stepTowards(end));
  }

  /** Lets time pass and what it set off come to its end, with a caller at the start, in between and at the end. */
  async #pass(durationInMs: number): Promise<void> {
    let arrived = this.#arrivals;
    await this.#clock.advance(durationInMs);
    await this.#call();
    const patience = performance.now() + patienceInMs;
    while (this.#attemptIsUnderWay) {
      if (performance.now() > patience) throw new Error('An attempt did not come to its end.');
      await new Promise((resolve) => setImmediate(resolve));
      if (!(this.#fault.hangs && this.#faultIsOn) || this.#arrivals === arrived) continue;
      arrived = this.#arrivals;
      await this.#call();
      await this.#clock.advance(this.#kind.deadlineInMs);
    }
    await this.#call();
  }

  async #call(): Promise<void> {
    if (!['fresh', 'due', 'degraded'].includes(this.#state.state)) {
      throw new Error(`No valid token is held any more: ${this.#state.lastError}`);
    }
    this.#calls++;
    const call = this.#engine.service.getToken(resource);
    if (!(await settlesAtOnce(call))) this.#waits++;
    try {
      this.#verify((await call).token);
    } catch (error) {
      this.#errors.push(error);
    }
  }

  /** What was handed out is good at this moment, by Entra's own clock. */
  #verify(token: string): void {
    const end = this.#verified.get(token) ?? 0;
    if (this.#clock.trueTime() < end) return;
    const { exp } = this.#entra.verifyToken(token, { audience });
    this.#verified.set(token, exp * second);
  }

  /** A step that goes no further than the next timer: what that sets off must end before time passes on. */
  #stepTowards(end: number): number {
    const left = Math.ceil(end - this.#clock.now());
    return Math.min(left, this.#clock.untilNextTimer, this.#kind.tokenLifeInMs / 180);
  }

  /** How many attempts have ended since an event. */
  #attempts(sinceEvent: number): number {
    const ends = ['refreshed', 'unchanged', 'refresh-failed'];
    return this.#engine.events.slice(sinceEvent).filter(({ type }) => ends.includes(type)).length;
  }

  get #state() {
    const [state] = this.#engine.service.state(resource);
    if (state === undefined) throw new Error('The resource has no state.');
    return state;
  }

  /** The next attempt is planned when one ends. */
  get #attemptIsUnderWay(): boolean {
    return this.#engine.registry.getTimeouts().length === 0 || this.#nextAttemptAt < this.#clock.now();
  }

  get #nextAttemptAt(): number {
    return this.#state.nextRefreshAt?.getTime() ?? 0;
  }

  /** Requests that have arrived where the tokens come from. */
  get #arrivals(): number {
    return this.#entra.requests.total;
  }
}
