import { setNewest } from '../common/set-newest.js';
import type { SharedAccessToken } from '../store/refresh-token-store.js';
import { isYoung } from './shared-access-token.js';

const mostKept = 50;

/** Access tokens that came when nobody waited for them any more, for whoever asks for the same next. */
export class UnclaimedTokens {
  readonly #tokens = new Map<string, SharedAccessToken>();

  keep(key: string, token: SharedAccessToken): void {
    setNewest(this.#tokens, key, token, mostKept);
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
