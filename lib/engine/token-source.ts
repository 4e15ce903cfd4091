import type { Clock } from '../common/clock.js';
import { CredentialRequestError } from '../credential/credential.error.js';
import type { HeldAccessToken } from '../entra/held-access-token.js';
import { InvalidTokenError } from '../entra/invalid-token.error.js';
import {
  isUncached,
  type AccessToken,
  type GetTokenOptions,
  type TokenCredential,
} from '../entra/token-credential.js';
import { validateAccessToken } from '../entra/token-validation.js';
import { observe, type WireObservation } from '../entra/wire-observation.js';
import type { ResolvedResource } from './engine-settings.js';
import { forceRefreshStrategies, type CredentialCalls } from './force-refresh-strategies.js';
import { toleranceOnRequest } from './refresh-policy.js';

export interface AcquisitionGoal {
  /** The token to be replaced. Without one, any valid token will do. */
  held?: HeldAccessToken | undefined;
  /** Whether even a token that expires earlier is better, as when a server has rejected the held one. */
  anyOther: boolean;
  /** Whether a caller asked for another token by now, which then may end somewhat sooner. */
  isRequested: () => boolean;
  /** The claims of a challenge that the new token must satisfy. */
  claims?: string | undefined;
  clock: Clock;
  /** Aborted when the attempt is given up: no further strategy is tried then. */
  signal: AbortSignal;
}

/** Gets tokens of one resource out of its credential: one attempt at a time, no retries, no timers. */
export class TokenSource {
  readonly #resource: ResolvedResource;
  #inUse: Promise<TokenCredential> | undefined;
  #suspect = false;

  constructor(resource: ResolvedResource) {
    this.#resource = resource;
  }

  /**
   * Makes one attempt.
   *
   * @returns a token that is better than the held one, or `undefined` when the credential only has the held one
   * @throws whatever the credential throws, or {@link InvalidTokenError} when what it returned cannot be used
   */
  async acquire(goal: AcquisitionGoal): Promise<HeldAccessToken | undefined> {
    try {
      return goal.claims === undefined
        ? await this.#forceRefresh(goal)
        : await this.#answerChallenge(goal, goal.claims);
    } catch (error) {
      // After a failure @azure/identity throttles the instance for a minute, even when the server is well again.
      this.#suspect = true;
      throw error;
    }
  }

  /** Tells that the attempt under way was given up, so that the next one does not trust the same instance. */
  abandon(): void {
    this.#suspect = true;
  }

  async #forceRefresh(goal: AcquisitionGoal): Promise<HeldAccessToken | undefined> {
    const { held, signal, clock } = goal;
    const calls = this.#calls(signal);
    const situation = {
      renewable: this.#resource.credential.renewable,
      issuerWantsRefresh: (held?.refreshAfterTimestamp ?? Infinity) <= clock.now(),
    };
    let unusable: InvalidTokenError | undefined;
    for (const step of forceRefreshStrategies) {
      if (!step.applies(situation)) continue;
      signal.throwIfAborted();
      const observation = observe(signal);
      const answer = await step.call(calls);
      try {
        const token = this.#validate(answer, observation, clock);
        if (isBetter(token, goal)) return token;
        if (token.token === held?.token) failIfSwallowed(observation);
        unusable = undefined;
      } catch (error) {
        // A stale cache answers with a stale or a wrong token; a more forceful step may get a good one.
        if (!(error instanceof InvalidTokenError)) throw error;
        unusable = error;
      }
      if (isUncached(await this.#inUse)) break;
    }
    // The most forceful step has the last word: before it, a cache may have answered with the held token.
    if (unusable !== undefined) throw unusable;
    return undefined;
  }

  async #answerChallenge(goal: AcquisitionGoal, claims: string): Promise<HeldAccessToken | undefined> {
    const observation = observe(goal.signal);
    const answer = await this.#calls(goal.signal).withClaims(claims);
    const token = this.#validate(answer, observation, goal.clock);
    return token.token === goal.held?.token ? undefined : token;
  }

  #validate(answer: unknown, observation: WireObservation, clock: Clock): HeldAccessToken {
    const { clockAheadInMs } = observation;
    const receipt = { now: clock.now(), clockAheadInMs, isFromCache: hasFailed(observation) };
    return validateAccessToken(answer, this.#resource.expectations, receipt);
  }

  #calls(signal: AbortSignal): CredentialCalls {
    const { credential, scopes, tenantId, enableCae } = this.#resource;
    const call = async (instance: Promise<TokenCredential>, claims?: string): Promise<AccessToken | null> => {
      this.#inUse = instance;
      // All of them are there, so that none is read from `Object.prototype`.
      const options: GetTokenOptions = {
        abortSignal: signal,
        tenantId,
        enableCae: enableCae || undefined,
        claims,
        requestOptions: undefined,
        tracingOptions: undefined,
      };
      const token = await (await instance).getToken([...scopes], options);
      this.#suspect = false;
      return token;
    };
    const renew = (): Promise<TokenCredential> => credential.renew(this.#inUse);
    const current = (): Promise<TokenCredential> => (this.#suspect ? renew() : credential.get());
    return {
      plain: () => call(current()),
      withClaims: (claims) => call(current(), claims),
      onNewInstance: () => call(renew()),
    };
  }
}

function isBetter(token: HeldAccessToken, { held, anyOther, isRequested }: AcquisitionGoal): boolean {
  if (held === undefined) return true;
  if (token.token === held.token) return false;
  return anyOther || !token.expiresBefore(held, isRequested() ? toleranceOnRequest(token) : 0);
}

/**
 * A library that falls back on its cache when its request fails hides that failure. To ask again in another way would only
 * be another request to an endpoint that has just failed.
 */
function failIfSwallowed(observation: WireObservation): void {
  if (!hasFailed(observation)) return;
  const { statusCode, retryAfter, networkError } = observation;
  const reason =
    statusCode === undefined ? 'no response came' : `the endpoint answered with HTTP ${statusCode}`;
  const problem = `The credential returned its old token because ${reason}.`;
  throw new CredentialRequestError(new Error(problem), statusCode, retryAfter, networkError);
}

/** Whether the last request was refused, or got no response. */
function hasFailed({ statusCode, networkError }: WireObservation): boolean {
  return networkError !== undefined || (statusCode !== undefined && statusCode >= 400);
}
