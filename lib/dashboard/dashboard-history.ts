import { BoundedMap } from '../common/bounded-map.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import type { LoginEvent } from '../database/login-event.js';
import type { EventLine, LoginsView } from './dashboard-state.js';
import { linesAfter, newsOfLogin, newsOfToken } from './event-lines.js';
import { loginsAfter, noLogins, recentLogins } from './login-count.js';
import { emptyTrack, trackAfter, trackWithHeld, type TokenTrack } from './token-track.js';

/** How many tokens are shown: what a page can be read with. */
export const mostResources = 40;

/** Remembers what happened lately, in bounded memory. */
export class DashboardHistory {
  readonly #tracks = new BoundedMap<string, TokenTrack>(mostResources);
  #lines: readonly EventLine[] = [];
  #logins: LoginsView = noLogins;

  recordToken(event: TokenEvent): void {
    const { resource } = event;
    this.#tracks.set(resource, trackAfter(this.#tracks.get(resource) ?? emptyTrack, event));
    this.#lines = linesAfter(this.#lines, newsOfToken(event));
  }

  recordLogin(event: LoginEvent): void {
    this.#logins = loginsAfter(this.#logins, event);
    const news = newsOfLogin(event);
    if (news !== undefined) this.#lines = linesAfter(this.#lines, news);
  }

  /** What is known of a resource, the token that it holds now included. */
  track(state: TokenState): TokenTrack {
    const track = trackWithHeld(this.#tracks.get(state.resource) ?? emptyTrack, state);
    this.#tracks.set(state.resource, track);
    return track;
  }

  get lines(): readonly EventLine[] {
    return this.#lines;
  }

  logins(now: Date): LoginsView {
    return recentLogins(this.#logins, now);
  }
}
