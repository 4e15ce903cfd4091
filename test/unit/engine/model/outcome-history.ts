import { backoffDelay } from '../../../../lib/common/backoff.js';
import { apply, type Outcome, type Transition } from '../../../../lib/engine/apply.js';
import {
  initialState,
  isDue,
  mayServe,
  unexpired,
  type EntryState,
} from '../../../../lib/engine/entry-state.js';
import { isExpiring, livesOnlyAMoment, usableUntil } from '../../../../lib/engine/refresh-policy.js';
import { HeldAccessToken } from '../../../../lib/entra/held-access-token.js';
import { ReauthenticationRequiredError } from '../../../../lib/entra/token-endpoint.error.js';
import { defaultRefreshPolicy as policy } from '../../../../lib/options/resolve-refresh-options.js';
import type { FailureKind, OutcomeStep } from './outcome-steps.js';

const second = 1_000;
const minute = 60 * second;
const day = 86_400_000;

const thrown: Record<FailureKind, unknown> = {
  network: new Error('connect ECONNREFUSED'),
  throttled: Object.assign(new Error('slow down'), { response: { headers: { get: () => '120' } } }),
  misconfigured: new Error('AADSTS7000215: Invalid client secret'),
  'sign in': new ReauthenticationRequiredError('The sign-in was revoked.', 'Sign in again.'),
  'not an error': 'nothing to read',
};

/** The state of one entry to which outcomes happen, and what is expected of it. */
export class OutcomeHistory {
  #now = Date.UTC(2026, 0, 1);
  #state: EntryState = initialState;
  #tokens = 0;
  #failuresInRow = 0;
  #signInSaid = false;
  #endSaid: 'expiring' | 'expired' | undefined;
  #forcedAt: number | undefined;
  /** How many outcomes were applied. */
  length = 0;

  /** @throws the promise that does not hold after the step */
  happen(step: OutcomeStep): void {
    switch (step.do) {
      case 'wait':
        this.#now += step.inMs;
        return;
      case 'wait until due':
        this.#now = Math.max(this.#now, this.#state.nextAttemptAt);
        return;
      case 'set clock':
        this.#now += step.byInMs;
        return;
      case 'new':
        return this.#apply({ kind: 'new', token: this.#token(step) });
      case 'same':
        return this.#apply({ kind: 'same', challenged: step.challenged });
      case 'fail':
        return this.#apply({ kind: 'failed', error: thrown[step.why], challenged: step.challenged });
      case 'reject':
        return this.#apply({ kind: 'rejected' });
    }
  }

  #token({ lifeInMs, refreshAfterInMs }: Extract<OutcomeStep, { do: 'new' }>): HeldAccessToken {
    return new HeldAccessToken({
      token: `secret-${++this.#tokens}`,
      acquiredAt: this.#now,
      expiresOnTimestamp: this.#now + lifeInMs,
      ...(refreshAfterInMs === undefined ? {} : { refreshAfterTimestamp: this.#now + refreshAfterInMs }),
    });
  }

  #apply(outcome: Outcome): void {
    const before = Object.freeze(this.#state);
    Object.freeze(before.trouble);
    const context = { now: this.#now, random: 0.5, policy, resource: 'graph' };
    const transition = apply(before, outcome, context);
    this.#state = transition.state;
    this.length++;
    this.#checkHeld(before, outcome, transition);
    if (outcome.kind === 'rejected') return this.#checkRejection(before, transition);
    this.#checkAnswer(transition);
    if ('challenged' in outcome && outcome.challenged) this.#checkChallenge(before, transition);
    else this.#checkAttempt(before, outcome, transition);
    this.#checkEvents(before, outcome, transition);
  }

  #checkHeld(before: EntryState, outcome: Outcome, { state, events }: Transition): void {
    const expected = outcome.kind === 'new' ? outcome.token : before.held;
    expect(state.held === expected, 'only a new token takes the place of the held one');
    expect(state.refreshes === before.refreshes + (outcome.kind === 'new' ? 1 : 0), 'new tokens are counted');
    const isServed = mayServe(state, this.#now);
    const { held } = state;
    expect(!isServed || (held !== undefined && this.#now < usableUntil(held)), 'what is served is usable');
    expect(!JSON.stringify(events).includes('secret-'), 'no event has a token');
  }

  #checkRejection(before: EntryState, { state, events, token, error }: Transition): void {
    const sinceInMs = this.#now - (this.#forcedAt ?? -Infinity);
    const isCoolingDown = sinceInMs >= 0 && sinceInMs < policy.forcedRefreshCooldownInMs;
    expect(token === undefined && error === undefined, 'a rejection answers no caller');
    if (before.held === undefined || isCoolingDown) {
      return expect(state === before && events.length === 0, 'a rejection counts once per cool-down');
    }
    this.#forcedAt = this.#now;
    expect(events.map(({ type }) => type).join() === 'rejected', 'a rejection is told');
    expect(state.isRejected && !mayServe(state, this.#now), 'callers wait for the replacement');
  }

  #checkAnswer({ state, token, error }: Transition): void {
    expect((token === undefined) !== (error === undefined), 'an attempt ends with a token or an error');
    expect(token === undefined || token === unexpired(state, this.#now), 'the answer is valid and held');
  }

  #checkChallenge(before: EntryState, { state }: Transition): void {
    expect(state.nextAttemptAt === before.nextAttemptAt, 'a challenge leaves the next attempt alone');
    expect(state.servedUntil === before.servedUntil, 'a challenge leaves the plain token alone');
    expect(state.failures === before.failures, 'a failed challenge is not a failed attempt');
  }

  #checkAttempt(before: EntryState, outcome: Outcome, { state, error }: Transition): void {
    const now = this.#now;
    const { held, nextAttemptAt } = state;
    const isMomentary = outcome.kind === 'new' && livesOnlyAMoment(outcome.token);
    const hasFailed = error !== undefined || isMomentary;
    this.#failuresInRow = hasFailed ? this.#failuresInRow + 1 : 0;
    expect(state.trouble.consecutiveFailures === this.#failuresInRow, 'failures in a row are counted');
    expect(state.failures === before.failures + (hasFailed ? 1 : 0), 'failures are counted');
    expect((state.trouble.lastError === undefined) === !hasFailed, 'the last error is of the last attempt');
    expect(held === undefined || now >= usableUntil(held) || mayServe(state, now), 'what is held is served');
    expect(nextAttemptAt > now && nextAttemptAt <= now + day, 'the next attempt comes, and not at once');
    const isSure = held !== undefined && now >= held.acquiredAt && now < held.expiresOnTimestamp;
    expect(
      !isSure || state.isRejected || isMomentary || nextAttemptAt <= held.expiresOnTimestamp,
      'no attempt comes too late',
    );
    expect(state.isRejected === (before.isRejected && outcome.kind !== 'new'), 'a new token is not rejected');
    expect(isDue(state, now - 2 * second), 'an attempt is due when the clock is set back');
    if (error?.retryable) this.#checkRetry(state, error.retryAfterInMs, isSure && !state.isRejected);
    const backoff = backoffDelay(this.#failuresInRow, policy.backoff, 0.5);
    expect(!isMomentary || nextAttemptAt === now + backoff, 'tokens that end at once are spaced out');
  }

  #checkRetry({ nextAttemptAt }: EntryState, retryAfterInMs: number | undefined, isServed: boolean): void {
    const inMs = nextAttemptAt - this.#now;
    const isFirst = this.#failuresInRow === 1 && retryAfterInMs === undefined;
    expect(isServed || inMs <= 2 * minute, 'without a token attempts come soon');
    expect(!isServed || !isFirst || inMs <= second, 'the first retry comes within a second');
    expect(isServed || retryAfterInMs === undefined || inMs >= minute, 'a server that asks for time gets it');
  }

  #checkEvents(before: EntryState, outcome: Outcome, { state, events, error }: Transition): void {
    const now = this.#now;
    const isPlain = !('challenged' in outcome && outcome.challenged);
    const isMomentary = outcome.kind === 'new' && livesOnlyAMoment(outcome.token);
    const expected: string[] = [];
    if (outcome.kind === 'new') {
      expected.push(before.held === undefined ? 'acquired' : 'refreshed');
      this.#endSaid = undefined;
    } else if (error === undefined) expected.push('unchanged');
    if (error !== undefined || isMomentary) {
      expected.push('refresh-failed');
      const signIn = outcome.kind === 'failed' && outcome.error === thrown['sign in'];
      if (signIn && !this.#signInSaid) expected.push('reauthentication-required');
      this.#signInSaid ||= signIn;
      const end = endOf(state.held, now);
      if (end !== undefined && end !== this.#endSaid) expected.push(end);
      this.#endSaid = end ?? this.#endSaid;
    } else if (isPlain) {
      if (before.trouble.consecutiveFailures > 0) expected.push('recovered');
      this.#signInSaid = false;
      this.#endSaid = undefined;
    }
    const told = events.map(({ type }) => type);
    expect(told.join() === expected.join(), `events are ${expected.join()}, not ${told.join()}`);
  }
}

function endOf(held: HeldAccessToken | undefined, now: number): 'expiring' | 'expired' | undefined {
  if (held === undefined) return undefined;
  if (now >= held.expiresOnTimestamp) return 'expired';
  return isExpiring(held, now) ? 'expiring' : undefined;
}

function expect(isKept: boolean, promise: string): void {
  if (!isKept) throw new Error(`Broken: ${promise}.`);
}
