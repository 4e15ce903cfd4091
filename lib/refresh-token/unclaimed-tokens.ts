import { BoundedMap } from '../common/bounded-map.js';
import type { SharedAccessToken } from '../store/refresh-token-store.js';
import { isYoung } from './shared-access-token.js';

const mostKept = 50;

/** Access tokens that came when nobody waited for them any more, for whoever asks for the same next. */
export class UnclaimedTokens {
  readonly #tokens = new BoundedMap<string, SharedAccessToken>(mostKept);

  keep(key: string, token: SharedAccessToken): void {
    this.#tokens.set(key, token);
  }

  /**
   * Hands a token out, once.
   *
   * @param now milliseconds since 1970
   */
  take(key: string, now: number): SharedAccessToken | undefined {
    const token = this.#tokens.get(key);
    this.#tokens.delete(key);
    return token !== undefined && isYoung(token, now) ? token : undefined;
  }
}
