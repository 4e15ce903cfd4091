import { inspect } from 'node:util';

import { isEntraAuthError, type AccessToken, type TokenState } from 'nestjs-entra-auth';

import { createEngine } from '../../../support/engine.js';
import { settlesAtOnce } from '../../../support/settles-at-once.js';
import { MoodyCredential } from './moody-credential.js';
import { wishes, type Step } from './steps.js';
import { TokenEnds } from './token-ends.js';

const second = 1_000;
const minute = 60 * second;
const attemptInMs = 20 * second;
// A wait for the next attempt, the attempt itself, and what the clock may be set by without an answer.
const longestWithoutTokenInMs = 2 * attemptInMs + second;
// At most four calls of the credential make an attempt.
const callsPerAttempt = 4;

interface Caller {
  asks: string;
  settled: boolean;
  /** By elapsed time. */
  deadline: number;
}

interface Held {
  expiresAt: number;
  /** Whether it is not in its last seconds. */
  firm: boolean;
}

/** One engine to which a history happens, and what must be true of it all the time. */
export class History {
  readonly #credential = new MoodyCredential();
  readonly #engine;
  readonly #callers: Caller[] = [];
  readonly #controllers: AbortController[] = [];
  readonly #returned: AccessToken[] = [];
  readonly #rejected = new Set<string>();
  readonly #errors: unknown[] = [];
  readonly #faults: string[] = [];
  readonly #note = (reason: unknown): void =>
    void this.#faults.push(`unhandled rejection: ${inspect(reason)}`);
  readonly #ends = new TokenEnds();
  #elapsed = 0;
  #clockWasSetBack = false;
  #closed = false;
  readonly #background: boolean;

  constructor(background: boolean, renewable: boolean) {
    const credential = this.#credential;
    this.#background = background;
    this.#engine = createEngine({
      // A function makes instances that can be replaced.
      credential: renewable ? () => ({ getToken: (scopes) => credential.getToken(scopes) }) : credential,
      resources: { graph: {}, postgres: {} },
      refresh: { background },
    });
    credential.clock = this.#engine.clock;
  }

  /** Lets a history happen, ends it in peace, and throws what was wrong. */
  async run(steps: readonly Step[]): Promise<void> {
    process.on('unhandledRejection', this.#note);
    try {
      for (const step of steps) {
        const before = this.#credential.calls;
        const wasClosed = this.#closed;
        await this.#happen(step);
        await this.#check();
        if (wasClosed) this.#expect(this.#credential.calls === before, 'no call after the shutdown');
      }
      if (!this.#closed) await this.#recover();
      await this.#shutDown();
      const { calls } = this.#credential;
      await this.#wait(60 * minute);
      this.#expect(this.#credential.calls === calls, 'no call after the shutdown');
      this.#expect(!this.#leaks(), 'no token in what can be printed');
      await this.#check();
    } finally {
      process.off('unhandledRejection', this.#note);
    }
  }

  async #happen(step: Step): Promise<void> {
    const { engine, service, clock } = this.#engine;
    switch (step.do) {
      case 'get':
        return this.#get(step);
      case 'challenge': {
        const { claims, signal } = step;
        const wish = wishes[step.what] ?? wishes[0];
        this.#ends.expectAnother(wish.name);
        const abort = this.#abortSignal(signal);
        const answer = service.getToken(wish.scopes, { ...wish.options, ...abort, claims });
        return void this.#watch('challenge', answer, attemptInMs);
      }
      case 'refresh':
        this.#ends.expectRequested('graph');
        return void this.#watch('refresh', service.refresh('graph'), attemptInMs);
      case 'look': {
        const held = this.#held('graph');
        this.#expect(!held?.firm || engine.heldToken('graph') !== undefined, 'a login finds what is held');
        return this.#expect(
          (engine.lastResort('graph') === undefined) === (held === undefined),
          'the last resort is what is held',
        );
      }
      case 'abort':
        return this.#controllers.splice(0).forEach((controller) => controller.abort());
      case 'reject': {
        const token = this.#returned.at(-1 - step.howOld);
        if (token === undefined) return;
        this.#rejected.add(token.token);
        return service.invalidate(token);
      }
      case 'behave':
        return void (this.#credential.behaviour = step.behaviour);
      case 'answer':
        return this.#credential.answer(step.which, step.behaviour);
      case 'chance':
        return clock.setRandom(step.value);
      case 'wait':
        return this.#wait(step.inMs);
      case 'set clock':
        this.#ends.forget();
        this.#clockWasSetBack ||= step.byInMs < 0;
        this.#credential.clockErrorInMs += step.byInMs;
        return clock.jump(step.byInMs);
      case 'shut down':
        return this.#shutDown();
    }
  }

  async #get({ what, callers, signal }: Extract<Step, { do: 'get' }>): Promise<void> {
    const wish = wishes[what] ?? wishes[0];
    const { calls } = this.#credential;
    for (let caller = 0; caller < callers; caller++) {
      const held = this.#held(wish.name);
      const options = { ...wish.options, ...this.#abortSignal(signal) };
      const token = this.#engine.service.getToken(wish.scopes, options);
      const left = held === undefined ? Infinity : (held.expiresAt - this.#engine.clock.now()) / 2;
      this.#watch('get', token, Math.min(left, held ? attemptInMs : longestWithoutTokenInMs), wish.name);
      if (held?.firm && !this.#wasRejected(held))
        this.#expect(await settlesAtOnce(token), 'no caller waits while a token is held');
    }
    this.#expect(this.#credential.calls - calls <= callsPerAttempt, 'callers share an attempt');
  }

  /** @param resource set for callers that must not see a failure while a token is held */
  #watch(asks: string, promise: Promise<AccessToken>, patienceInMs: number, resource?: string): void {
    const caller: Caller = { asks, settled: false, deadline: this.#elapsed + patienceInMs };
    this.#callers.push(caller);
    const { clock } = this.#engine;
    promise.then(
      (token) => {
        caller.settled = true;
        this.#returned.push(token);
        this.#expect(this.#credential.issued(token), 'the token is one of the credential');
        this.#expect(token.expiresOnTimestamp > clock.now(), 'the token has not expired');
        this.#expect(this.#credential.mayBeAlive(token), 'the token ends at its earliest stated end');
        this.#expect(
          resource !== 'postgres' || this.#credential.isDecodable(token),
          'a database gets a token whose audience is known',
        );
      },
      (error: Error) => {
        caller.settled = true;
        this.#errors.push(error);
        if (error.name === 'AbortError') return;
        this.#expect(isEntraAuthError(error), 'every error is typed');
        const isHeld = resource !== undefined && this.#held(resource) !== undefined;
        this.#expect(!isHeld, `no caller sees a failure while a token is held: ${error.message}`);
      },
    );
  }

  #held(resource: string): Held | undefined {
    const state = this.#states().find((one) => one.resource === resource);
    if (state?.expiresAt === undefined || state.acquiredAt === undefined) return undefined;
    const now = this.#engine.clock.now();
    const expiresAt = state.expiresAt.getTime();
    const life = expiresAt - state.acquiredAt.getTime();
    if (now >= expiresAt) return undefined;
    return { expiresAt, firm: now < expiresAt - Math.min(30 * second, life / 10) };
  }

  #states(): TokenState[] {
    return this.#engine.service.state();
  }

  /** Whether it may be that the held token was rejected: then a caller waits for another. */
  #wasRejected({ expiresAt }: Held): boolean {
    return this.#returned.some(
      ({ token, expiresOnTimestamp }) => expiresOnTimestamp === expiresAt && this.#rejected.has(token),
    );
  }

  #abortSignal(wanted: boolean): { abortSignal?: AbortSignal } {
    if (!wanted) return {};
    const controller = new AbortController();
    this.#controllers.push(controller);
    return { abortSignal: controller.signal };
  }

  /** In pieces, so that no deadline is missed unseen. */
  async #wait(durationInMs: number): Promise<void> {
    const { calls } = this.#credential;
    const pieces = [1, 499, 500, second, 3 * second, 15 * second, 20 * second];
    let left = durationInMs;
    do {
      const piece = Math.min(left, pieces.shift() ?? 5 * minute);
      await this.#engine.clock.advance(piece);
      this.#elapsed += piece;
      left -= piece;
      await this.#check();
    } while (left > 0);
    const most = 10 * callsPerAttempt + (durationInMs / second) * 3 * callsPerAttempt;
    this.#expect(this.#credential.calls - calls <= most, 'attempts are spaced out');
  }

  /** However bad it was: when the credential is well again, so is the engine. */
  async #recover(): Promise<void> {
    const { service } = this.#engine;
    this.#controllers.splice(0).forEach((controller) => controller.abort());
    this.#credential.behaviour = 'good';
    const { calls } = this.#credential;
    // Five minutes after an error that only an operator can repair; longer when the clock made a mystery of the end.
    await this.#wait((this.#clockWasSetBack ? 45 : 6) * minute);
    this.#watch('get', service.getToken('graph'), longestWithoutTokenInMs, 'graph');
    await this.#wait(minute);
    const token = await service.getToken('graph');
    this.#expect(!this.#background || this.#credential.isAlive(token), 'the token is good for its issuer');
    this.#expect(this.#credential.calls - calls < 100, 'a credential that is well is asked seldom');
  }

  async #shutDown(): Promise<void> {
    const { service, clock, registry } = this.#engine;
    this.#closed = true;
    const closed = service.onApplicationShutdown();
    await this.#wait(2 * second);
    await closed;
    this.#expect(
      this.#callers.every(({ settled }) => settled),
      'no caller waits after the shutdown',
    );
    this.#expect(clock.pendingTimers === 0 && registry.getTimeouts().length === 0, 'no timer is left');
  }

  #leaks(): boolean {
    const { service, events } = this.#engine;
    const things = [service, this.#states(), events, this.#errors, this.#returned];
    const text = inspect(things, { depth: Infinity, showHidden: true }) + JSON.stringify(things);
    return /secret-\d/.test(text);
  }

  async #check(): Promise<void> {
    await settlesAtOnce(new Promise(() => undefined));
    const late = this.#callers.find(({ settled, deadline }) => !settled && this.#elapsed > deadline);
    this.#expect(late === undefined, `every wait has its end: ${late?.asks}`);
    JSON.stringify(this.#states());
    const { clock, events } = this.#engine;
    const isKept = this.#ends.check(this.#states(), events, clock.now());
    this.#expect(isKept, 'a good token is not replaced by one that ends sooner');
    if (this.#faults.length > 0) throw new Error(this.#faults.join('\n'));
  }

  /** Fails at the next check, since it may be in a callback that this is found. */
  #expect(isTrue: boolean, rule: string): void {
    if (!isTrue) this.#faults.push(`Broken: ${rule}.`);
  }
}
