import type { AccessToken, TokenCredential } from 'nestjs-entra-auth';

import { deferred, type Deferred } from '../../../../lib/refresh/deferred.js';
import type { ManualClock } from '../../../../lib/testing/manual-clock.js';
import type { Behaviour } from './steps.js';

const hour = 3_600_000;

/** A credential that behaves as it is told, and knows when its tokens end whatever is done to the machine's clock. */
export class MoodyCredential implements TokenCredential {
  calls = 0;
  behaviour: Behaviour = 'good';
  /** By how much the clock is wrong. */
  clockErrorInMs = 0;
  clock: ManualClock | undefined;
  /** When each token ends, by true time. */
  readonly #ends = new Map<string, number>();
  #hanging: Deferred<AccessToken | null>[] = [];
  #last: { token: AccessToken; clockErrorInMs: number } | undefined;

  async getToken(): Promise<AccessToken | null> {
    this.calls++;
    return this.#act(this.behaviour);
  }

  /** Whether a token is one of this credential that has not ended by true time. */
  isAlive(token: AccessToken): boolean {
    return (this.#ends.get(token.token) ?? -Infinity) > this.#trueTime;
  }

  issued(token: AccessToken): boolean {
    return this.#ends.has(token.token);
  }

  /** Lets a call end that hangs. */
  answer(which: number, behaviour: Behaviour): void {
    const [call] = this.#hanging.splice(which % Math.max(1, this.#hanging.length), 1);
    const act = async (): Promise<AccessToken | null> => this.#act(behaviour);
    act().then(
      (token) => call?.resolve(token),
      (error: Error) => call?.reject(error),
    );
  }

  get #now(): number {
    return this.clock?.now() ?? 0;
  }

  get #trueTime(): number {
    return this.#now - this.clockErrorInMs;
  }

  #act(behaviour: Behaviour): AccessToken | null | Promise<AccessToken | null> {
    switch (behaviour) {
      case 'good':
        return this.#issue(hour);
      case 'short-lived':
        return this.#issue(20_000);
      case 'momentary':
        return this.#issue(800);
      case 'long-lived':
        return this.#issue(24 * hour);
      case 'due-soon':
        return { ...this.#issue(hour), refreshAfterTimestamp: this.#now + 60_000 };
      case 'same':
        // What it said of the end before the clock was set would be a lie now.
        return this.#last?.clockErrorInMs === this.clockErrorInMs ? this.#last.token : this.#issue(hour);
      case 'refused':
        return Promise.reject(new Error('connect ECONNREFUSED'));
      case 'throttled':
        return Promise.reject(
          Object.assign(new Error('slow down'), { response: { headers: { get: () => '120' } } }),
        );
      case 'misconfigured':
        return Promise.reject(new Error('AADSTS7000215: Invalid client secret'));
      case 'hanging': {
        const call = deferred<AccessToken | null>();
        this.#hanging.push(call);
        return call.promise;
      }
      case 'expired':
        return this.#issue(-1);
      case 'missing':
        return null;
      case 'throwing':
        throw new Error('thrown');
    }
  }

  #issue(lifeInMs: number): AccessToken {
    const token = {
      token: `secret-${this.#ends.size + 1}-`,
      expiresOnTimestamp: this.#now + lifeInMs,
    };
    this.#ends.set(token.token, this.#trueTime + lifeInMs);
    if (lifeInMs > 0) this.#last = { token, clockErrorInMs: this.clockErrorInMs };
    return token;
  }
}
