import type { Attempt, ResourceView, TokenLife } from '../dashboard-state.js';
import { element, PartList, setData, setLabel, type Part } from './dom.js';
import { duration, timeOfDay } from './format.js';
import { timeScale, type TimeScale } from './time-scale.js';

const lanes = 3;
/** Beyond this the text of a tick does not fit, in percent. */
const lastTickAt = 92;

/** The lives of a resource's tokens as bars on a line of time, with the attempts below. */
export class Timeline {
  readonly root = element('div', 'timeline');
  readonly #axis = element('div', 'axis');
  readonly #bars = element('div', 'bars');
  readonly #attempts = element('div', 'attempts');
  readonly #present = element('div', 'present');
  readonly #planned = element('span', 'mark');
  readonly #lives = new PartList<TokenLife, LifeBar>(
    this.#bars,
    ({ number }) => String(number),
    () => new LifeBar(),
  );
  readonly #marks = new PartList<Attempt, AttemptMark>(
    this.#attempts,
    ({ at, outcome }) => `${at} ${outcome}`,
    () => new AttemptMark(),
  );
  #view: ResourceView | undefined;

  constructor() {
    this.root.setAttribute('role', 'img');
    this.#planned.dataset['outcome'] = 'planned';
    const plan = element('div', 'attempts', this.#planned);
    this.root.append(this.#axis, this.#bars, this.#attempts, plan, this.#present);
  }

  update(view: ResourceView, now: number): void {
    this.#view = view;
    const scale = this.#scale(now);
    this.#lives.update(view.lives.filter(({ until }) => scale.at(Date.parse(until)) > 0));
    this.#marks.update(view.attempts.filter(({ at }) => scale.at(Date.parse(at)) > 0));
    setLabel(this.root, summary(view, now));
    this.#showTicks(scale);
    this.tick(now);
  }

  /** Moves everything to where it is now. */
  tick(now: number): void {
    const scale = this.#scale(now);
    for (const bar of this.#lives.parts.values()) bar.place(scale, now);
    for (const mark of this.#marks.parts.values()) mark.place(scale);
    this.#present.style.left = `${scale.present}%`;
    const next = this.#view?.nextRefreshAt;
    this.#planned.hidden = next === undefined;
    if (next !== undefined) this.#planned.style.left = `${scale.at(Math.max(now, Date.parse(next)))}%`;
  }

  #scale(now: number): TimeScale {
    const life = this.#view?.lives.at(-1);
    return timeScale(life === undefined ? 60_000 : Date.parse(life.until) - Date.parse(life.from), now);
  }

  /** The ticks stand still as long as the life of the tokens stays what it is. */
  #showTicks({ ticks }: TimeScale): void {
    const key = ticks.map(({ offsetInMs }) => offsetInMs).join();
    if (this.#axis.dataset['ticks'] === key) return;
    this.#axis.dataset['ticks'] = key;
    this.#axis.replaceChildren(
      ...ticks
        .filter(({ at }) => at <= lastTickAt)
        .map(({ offsetInMs, at }) => {
          const sign = offsetInMs < 0 ? '−' : '+';
          const text = offsetInMs === 0 ? 'now' : `${sign}${duration(Math.abs(offsetInMs))}`;
          const tick = element('span', 'tick', text);
          tick.style.left = `${at}%`;
          return tick;
        }),
    );
  }
}

/** One token: a bar that is strong while the token is used, and faint as long as it would still have served. */
class LifeBar implements Part<TokenLife> {
  readonly root = element('div', 'life');
  readonly #used = element('div', 'used');
  #life: TokenLife | undefined;

  constructor() {
    this.root.append(this.#used);
  }

  update(life: TokenLife): void {
    this.#life = life;
    this.root.style.setProperty('--lane', String(life.number % lanes));
    this.root.title = `Token ${life.number}: ${timeOfDay(new Date(life.from))} to ${timeOfDay(new Date(life.until))}`;
  }

  place(scale: TimeScale, now: number): void {
    if (this.#life === undefined) return;
    const { from, until, replacedAt } = this.#life;
    const [start, end] = [scale.at(Date.parse(from)), scale.at(Date.parse(until))];
    const usedUntil = scale.at(
      Math.min(now, Date.parse(until), replacedAt === undefined ? Infinity : Date.parse(replacedAt)),
    );
    this.root.style.left = `${start}%`;
    this.root.style.width = `${Math.max(0, end - start)}%`;
    this.#used.style.width =
      end > start ? `${Math.max(0, ((usedUntil - start) / (end - start)) * 100)}%` : '0';
    const isHeld = replacedAt === undefined && now < Date.parse(until);
    setData(this.root, 'state', isHeld ? 'held' : replacedAt === undefined ? 'expired' : 'replaced');
  }
}

class AttemptMark implements Part<Attempt> {
  readonly root = element('span', 'mark');
  #at = 0;

  update({ at, outcome }: Attempt): void {
    this.#at = Date.parse(at);
    setData(this.root, 'outcome', outcome);
    this.root.title = `${outcome} at ${timeOfDay(new Date(at))}`;
  }

  place(scale: TimeScale): void {
    this.root.style.left = `${scale.at(this.#at)}%`;
  }
}

/** Describes the drawing for readers who cannot see it. */
function summary(
  { resource, lives, acquiredAt, expiresAt, nextRefreshAt, failures }: ResourceView,
  now: number,
): string {
  if (acquiredAt === undefined || expiresAt === undefined) return `${resource}: no token yet.`;
  const until = timeOfDay(new Date(expiresAt));
  const left = Date.parse(expiresAt) - now;
  const validity = left > 0 ? `valid until ${until}` : `expired at ${until}`;
  const next = nextRefreshAt === undefined ? '' : ` Next attempt at ${timeOfDay(new Date(nextRefreshAt))}.`;
  return (
    `${resource}: token ${lives.at(-1)?.number ?? 1}, obtained at ${timeOfDay(new Date(acquiredAt))}, ${validity}.` +
    `${next} Failed attempts so far: ${failures}.`
  );
}
