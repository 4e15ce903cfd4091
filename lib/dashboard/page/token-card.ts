import type { ResourceView, StateName } from '../dashboard-state.js';
import { element, setData, setText, type Part } from './dom.js';
import { countdown, duration } from './format.js';
import { Timeline } from './timeline.js';

const names: Readonly<Record<StateName, string>> = {
  pending: 'pending',
  fresh: 'fresh',
  due: 'due',
  degraded: 'degraded',
  'reauthentication-required': 'sign-in required',
  expired: 'expired',
};

const meanings: Readonly<Record<StateName, string>> = {
  pending: 'No token has been obtained yet.',
  fresh: 'A valid token is held, and no refresh is due.',
  due: 'A valid token is held, and a new one is on its way.',
  degraded: 'The held token still serves; replacing it failed.',
  'reauthentication-required': 'The held token still serves; a person must sign in before it ends.',
  expired: 'The held token has expired; callers fail until there is a new one.',
};

/** The name of a state, for people. */
export function stateName(state: StateName): string {
  return names[state];
}

/** One resource: where its token stands, how long it lives, and what came before. */
export class TokenCard implements Part<ResourceView> {
  readonly root = element('article', 'panel token');
  readonly #name = element('h3');
  readonly #badge = element('span', 'badge');
  readonly #meaning = element('p', 'quiet meaning');
  readonly #left = element('span', 'left-time');
  readonly #leftLabel = element('span', 'quiet');
  readonly #timeline = new Timeline();
  readonly #next = element('dd');
  readonly #refreshes = element('dd');
  readonly #failures = element('dd');
  readonly #trouble = element('p', 'trouble');
  readonly #now: () => number;
  #view: ResourceView | undefined;

  constructor(id: string, now: () => number) {
    this.#now = now;
    this.#name.id = id;
    this.root.setAttribute('aria-labelledby', id);
    const title = element('div', 'token-title', this.#name, this.#badge);
    const facts = element(
      'dl',
      'facts',
      element('div', '', element('dt', '', 'Next attempt'), this.#next),
      element('div', '', element('dt', '', 'Refreshes'), this.#refreshes),
      element('div', '', element('dt', '', 'Failures'), this.#failures),
    );
    this.root.append(
      element(
        'div',
        'token-head',
        element('div', '', title, this.#meaning),
        element('p', 'remaining', this.#left, this.#leftLabel),
      ),
      this.#timeline.root,
      facts,
      this.#trouble,
    );
  }

  update(view: ResourceView): void {
    this.#view = view;
    setText(this.#name, view.resource);
    setData(this.root, 'state', view.state);
    setText(this.#badge, stateName(view.state));
    setText(this.#meaning, meanings[view.state]);
    setText(this.#refreshes, String(view.refreshes));
    const inARow =
      view.consecutiveFailures > 0
        ? `${view.failures} (${view.consecutiveFailures} in a row)`
        : String(view.failures);
    setText(this.#failures, inARow);
    const trouble = view.credentialTrouble ?? view.lastError ?? '';
    setText(this.#trouble, trouble);
    this.#trouble.hidden = trouble === '';
    this.#timeline.update(view, this.#now());
    this.tick();
  }

  /** Moves what depends on the time alone. */
  tick(): void {
    const now = this.#now();
    const { expiresAt, nextRefreshAt } = this.#view ?? {};
    const left = expiresAt === undefined ? 0 : Date.parse(expiresAt) - now;
    setText(this.#left, expiresAt === undefined ? '–' : countdown(left));
    setText(
      this.#leftLabel,
      expiresAt === undefined ? 'no token' : left > 0 ? 'until it expires' : 'expired',
    );
    const wait = nextRefreshAt === undefined ? undefined : Date.parse(nextRefreshAt) - now;
    setText(this.#next, wait === undefined ? 'when asked for' : wait <= 0 ? 'now' : `in ${duration(wait)}`);
    this.#timeline.tick(now);
  }
}
