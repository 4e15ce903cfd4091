import type { Clock } from '../common/clock.js';
import { redactError } from '../common/redaction.js';
import { classifyCredentialFailure, type CredentialFailure } from '../credential/credential-failure.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import { FailedChallenges } from './failed-challenges.js';
import {
  livesOnlyAMoment,
  nextAttemptAfterFailedChallenge,
  nextAttemptAfterFailure,
  nextAttemptAfterSameToken,
} from './refresh-policy.js';
import type { TokenEventReporter } from './token-event.reporter.js';
import type { TokenSlot } from './token-slot.js';
import { TokenUnavailableError } from './token-unavailable.error.js';

/** Records in a slot what came of an attempt, decides when the next one is due, and reports both. */
export class AttemptOutcome {
  readonly #clock: Clock;
  readonly #report: TokenEventReporter;

  constructor(clock: Clock, report: TokenEventReporter) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Holds a new token and hands it to all who wait. */
  adopt(slot: TokenSlot, token: HeldAccessToken): HeldAccessToken {
    if (livesOnlyAMoment(token)) return this.#adoptForAMoment(slot, token);
    const first = slot.held === undefined;
    const recovered = slot.consecutiveFailures > 0;
    slot.adopt(token, this.#clock.random());
    slot.settle(token);
    this.#report.obtained(first ? 'acquired' : 'refreshed', slot, token);
    if (recovered) this.#report.held('recovered', slot, token);
    return token;
  }

  /**
   * Keeps the held token, because the credential had no other.
   *
   * @throws {InvalidTokenError} when a new one should have come
   */
  keep(slot: TokenSlot): HeldAccessToken {
    const now = this.#clock.now();
    const held = slot.unexpired(now);
    const next = held && nextAttemptAfterSameToken(held, now, this.#clock.random(), slot.resource.policy);
    if (held === undefined || next === undefined) throw unchanged();
    const recovered = slot.consecutiveFailures > 0;
    slot.recordSuccess(now, next);
    slot.settle(held);
    this.#report.unchanged(slot, held);
    if (recovered) this.#report.held('recovered', slot, held);
    return held;
  }

  /**
   * Answers a challenge with the held token, because the credential ignores claims as managed identity does. The next
   * attempt stays where it was.
   *
   * @throws {InvalidTokenError} when none is held
   */
  keepDespiteClaims(slot: TokenSlot): HeldAccessToken {
    const held = slot.unexpired(this.#clock.now());
    if (held === undefined) throw unchanged();
    this.#report.unchanged(slot, held);
    return held;
  }

  /** Records a failure, and returns the error for callers. */
  fail(slot: TokenSlot, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    // A token that a server rejected, or whose end is not known, gives no time to wait.
    const isInDoubt = slot.heldIsRejected || slot.heldIsFromTheFuture(now);
    const { unavailable, failure } = this.#recordFailure(
      slot,
      error,
      isInDoubt ? undefined : slot.unexpired(now),
    );
    this.#report.failed(slot, unavailable, failure);
    return unavailable;
  }

  /** Records that claims could not be satisfied. It affects only callers that were challenged: the held token stays valid. */
  failChallenge(slot: TokenSlot, claims: string, error: unknown): TokenUnavailableError {
    const now = this.#clock.now();
    const { failure, unavailable } = explain(slot, error, now);
    const challenges = (slot.failedChallenges ??= new FailedChallenges());
    const retryAt = nextAttemptAfterFailedChallenge(
      { ...failure, now, random: this.#clock.random(), failures: challenges.failuresOf(claims) + 1 },
      slot.resource.policy,
    );
    challenges.failed(claims, unavailable, now, retryAt);
    this.#report.failed(slot, unavailable, failure);
    return unavailable;
  }

  /** Serves a token to its end, and spaces the attempts out as after a failure: its end comes before the next one could. */
  #adoptForAMoment(slot: TokenSlot, token: HeldAccessToken): HeldAccessToken {
    const type = slot.held === undefined ? 'acquired' : 'refreshed';
    slot.hold(token);
    const { unavailable, failure } = this.#recordFailure(slot, endsAtOnce(token), undefined);
    slot.settle(token);
    this.#report.obtained(type, slot, token);
    this.#report.failed(slot, unavailable, failure);
    return token;
  }

  /** @param held the token whose life gives time to wait, if there is one */
  #recordFailure(slot: TokenSlot, error: unknown, held: HeldAccessToken | undefined): Explanation {
    const now = this.#clock.now();
    const explanation = explain(slot, error, now);
    const next = nextAttemptAfterFailure(
      {
        ...explanation.failure,
        now,
        held,
        random: this.#clock.random(),
        failures: slot.consecutiveFailures + 1,
      },
      slot.resource.policy,
    );
    slot.recordFailure(explanation.unavailable, now, next);
    return explanation;
  }
}

function unchanged(): InvalidTokenError {
  const problem = 'The credential keeps returning the token that is about to expire.';
  return new InvalidTokenError(
    'unchanged',
    problem,
    'Check the cache of the credential; the request is repeated.',
  );
}

function endsAtOnce({ acquiredAt, expiresOnTimestamp }: HeldAccessToken): InvalidTokenError {
  const lifeInMs = Math.max(1, Math.round(expiresOnTimestamp - acquiredAt));
  const problem = `The credential returned a token that ends ${lifeInMs} ms after its receipt.`;
  const fix = "Check the times that the token endpoint sends, and this machine's clock.";
  return new InvalidTokenError('expired', problem, fix);
}

interface Explanation {
  failure: CredentialFailure;
  unavailable: TokenUnavailableError;
}

function explain(slot: TokenSlot, error: unknown, now: number): Explanation {
  const failure = classifyCredentialFailure(error, now);
  return {
    failure,
    unavailable: new TokenUnavailableError(slot.name, { ...failure, cause: redactError(error) }),
  };
}
