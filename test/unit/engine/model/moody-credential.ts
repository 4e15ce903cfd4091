import type { AccessToken, GetTokenOptions, TokenCredential } from 'nestjs-entra-auth';

import { noteResponse, observationOf, type WireObservation } from '../../../../lib/entra/wire-observation.js';
import { deferred, type Deferred } from '../../../../lib/common/deadline.js';
import type { ManualClock } from '../../../../lib/testing/manual-clock.js';
import { jwt } from '../../../support/tokens.js';
import type { Behaviour } from './steps.js';

const second = 1_000;
const hour = 3_600_000;
const databaseAudience = 'https://ossrdbms-aad.database.windows.net';

interface Issued {
  token: AccessToken;
  /** When it ends, by true time. */
  end: number;
  /** By how much the clock was wrong at the time. */
  clockErrorInMs: number;
  isDecodable: boolean;
}

/** What a token states of its end, as durations. */
interface Life {
  /** From the receipt, as the credential returns it. */
  expiresIn: number;
  /** Of a JWT, from its issue. */
  exp?: number;
  /** Whether the credential returns the issuer's own point of time. */
  byIssuersClock?: boolean;
  /** Whether the response has a `Date`. */
  dated?: boolean;
}

interface HangingCall extends Deferred<AccessToken | null> {
  forDatabase: boolean;
}

/** A credential that behaves as it is told, and knows when its tokens end whatever is done to the machine's clock. */
export class MoodyCredential implements TokenCredential {
  calls = 0;
  behaviour: Behaviour = 'good';
  /** By how much the clock is wrong. */
  clockErrorInMs = 0;
  clock: ManualClock | undefined;
  readonly #issued = new Map<string, Issued>();
  /** The last token for databases, and the last of others. */
  readonly #last = new Map<boolean, Issued>();
  #hanging: HangingCall[] = [];
  #observation: WireObservation | undefined;

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    this.calls++;
    this.#observation = observationOf(options?.abortSignal);
    const answer = this.#act(this.behaviour, String(scopes).includes('ossrdbms'));
    this.#observation = undefined;
    return answer;
  }

  /** Whether a token is one of this credential that has not ended by true time. */
  isAlive(token: AccessToken): boolean {
    return (this.#issued.get(token.token)?.end ?? -Infinity) > this.#trueTime;
  }

  /** The same, as far as it can be known: what was stated before the clock was set is a lie now, and times are rounded. */
  mayBeAlive(token: AccessToken): boolean {
    const issued = this.#issued.get(token.token);
    if (issued === undefined || issued.clockErrorInMs !== this.clockErrorInMs) return true;
    return issued.end + second >= this.#trueTime;
  }

  isDecodable(token: AccessToken): boolean {
    return this.#issued.get(token.token)?.isDecodable ?? false;
  }

  issued(token: AccessToken): boolean {
    return this.#issued.has(token.token);
  }

  /** Lets a call end that hangs. */
  answer(which: number, behaviour: Behaviour): void {
    const [call] = this.#hanging.splice(which % Math.max(1, this.#hanging.length), 1);
    const act = async (): Promise<AccessToken | null> => this.#act(behaviour, call?.forDatabase ?? false);
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

  #act(behaviour: Behaviour, forDatabase: boolean): AccessToken | null | Promise<AccessToken | null> {
    const issue = (life: Life): AccessToken => this.#issue(life, forDatabase);
    switch (behaviour) {
      case 'good':
        return this.#plain(hour, forDatabase);
      case 'short-lived':
        return this.#plain(20 * second, forDatabase);
      case 'momentary':
        return this.#plain(800, forDatabase);
      case 'long-lived':
        return this.#plain(24 * hour, forDatabase);
      case 'due-soon':
        return { ...this.#plain(hour, forDatabase), refreshAfterTimestamp: this.#now + 60 * second };
      case 'jwt':
        return issue({ expiresIn: hour, exp: hour, dated: true });
      case 'jwt without a date':
        return issue({ expiresIn: hour, exp: hour });
      case 'jwt by the issuer’s clock':
        return issue({ expiresIn: hour, exp: hour, byIssuersClock: true, dated: true });
      case 'jwt that ends sooner':
        return issue({ expiresIn: hour, exp: hour / 4, dated: true });
      case 'jwt that ends later':
        return issue({ expiresIn: hour / 4, exp: hour, dated: true });
      case 'opaque':
        return issue({ expiresIn: 2 * hour });
      case 'same':
        return this.#again(forDatabase);
      case 'swallowed':
        this.#noteResponse(503);
        return this.#again(forDatabase);
      case 'expired':
        return issue({ expiresIn: -1 });
      case 'missing':
        return null;
      case 'refused':
      case 'throttled':
      case 'misconfigured':
      case 'hanging':
      case 'throwing':
        return this.#fail(behaviour, forDatabase);
    }
  }

  #fail(
    behaviour: 'refused' | 'throttled' | 'misconfigured' | 'hanging' | 'throwing',
    forDatabase: boolean,
  ): Promise<AccessToken | null> {
    switch (behaviour) {
      case 'refused':
        return Promise.reject(new Error('connect ECONNREFUSED'));
      case 'throttled':
        return Promise.reject(
          Object.assign(new Error('slow down'), { response: { headers: { get: () => '120' } } }),
        );
      case 'misconfigured':
        return Promise.reject(new Error('AADSTS7000215: Invalid client secret'));
      case 'hanging': {
        const call = { ...deferred<AccessToken | null>(), forDatabase };
        this.#hanging.push(call);
        return call.promise;
      }
      case 'throwing':
        throw new Error('thrown');
    }
  }

  /** A database takes nothing but a JWT. */
  #plain(lifeInMs: number, forDatabase: boolean): AccessToken {
    const life = forDatabase ? { exp: lifeInMs, dated: true } : {};
    return this.#issue({ expiresIn: lifeInMs, ...life }, forDatabase);
  }

  /** The last token, as from a cache: what it said of the end before the clock was set would be a lie now. */
  #again(forDatabase: boolean): AccessToken {
    const last = this.#last.get(forDatabase);
    const isHeld = last?.clockErrorInMs === this.clockErrorInMs && last.end > this.#trueTime;
    return isHeld ? last.token : this.#plain(hour, forDatabase);
  }

  #issue({ expiresIn, exp, byIssuersClock, dated }: Life, forDatabase: boolean): AccessToken {
    if (dated) this.#noteResponse(200);
    const secret = `secret-${this.#issued.size + 1}-`;
    const issuersTime = this.#trueTime;
    const token = {
      token: exp === undefined ? secret : this.#jwt(exp, forDatabase, secret),
      expiresOnTimestamp: expiresIn + (byIssuersClock ? issuersTime : this.#now),
    };
    const issued = {
      token,
      end: issuersTime + Math.min(expiresIn, exp ?? Infinity),
      clockErrorInMs: this.clockErrorInMs,
      isDecodable: exp !== undefined,
    };
    this.#issued.set(token.token, issued);
    if (expiresIn > 0) this.#last.set(forDatabase, issued);
    return token;
  }

  #jwt(lifeInMs: number, forDatabase: boolean, signature: string): string {
    const seconds = (time: number): number => Math.floor(time / second);
    const claims = {
      iat: seconds(this.#trueTime),
      exp: seconds(this.#trueTime + lifeInMs),
      ...(forDatabase ? { aud: databaseAudience } : {}),
    };
    const [header, payload] = jwt(claims).split('.');
    return `${header}.${payload}.${signature}`;
  }

  #noteResponse(status: number): void {
    const date = new Date(this.#trueTime).toUTCString();
    noteResponse(this.#observation, { status, retryAfter: undefined, date }, this.#now);
  }
}
