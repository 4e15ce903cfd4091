import type { LoginsView } from '../dashboard-state.js';
import { element, setData, setLabel, setText } from './dom.js';
import { rate } from './format.js';

const shownSeconds = 60;
const averagedSeconds = 10;

/** The logins of the last minute, a column for each second. */
export class LoginChart {
  readonly #columns = element('div', 'columns');
  readonly #scale = element('span');
  readonly #accepted = element('dd');
  readonly #others = element('dd');
  readonly #bars: { accepted: HTMLElement; others: HTMLElement }[];

  constructor(parent: HTMLElement) {
    this.#columns.setAttribute('role', 'img');
    this.#bars = Array.from({ length: shownSeconds }, () => {
      const bar = { accepted: element('div', 'accepted'), others: element('div', 'others') };
      this.#columns.append(element('div', 'column', bar.others, bar.accepted));
      return bar;
    });
    const axis = element(
      'div',
      'chart-axis quiet',
      element('span', '', 'a minute ago'),
      this.#scale,
      element('span', '', 'now'),
    );
    const facts = element(
      'dl',
      'facts',
      element('div', '', element('dt', '', 'Accepted'), this.#accepted),
      element('div', '', element('dt', '', 'Refused or failed'), this.#others),
    );
    parent.append(this.#columns, axis, facts);
  }

  update({ seconds, accepted, refused, failed }: LoginsView, now: number): void {
    const present = Math.floor(now / 1_000);
    const bySecond = new Map(seconds.map((one) => [Date.parse(one.at) / 1_000, one]));
    // The present second is not over yet.
    const shown = this.#bars.map((_, n) => bySecond.get(present - shownSeconds + n));
    const most = Math.max(1, ...shown.map((one) => (one === undefined ? 0 : one.accepted + one.others)));
    shown.forEach((one, n) => {
      const bar = this.#bars[n];
      if (bar === undefined) return;
      bar.accepted.style.height = `${((one?.accepted ?? 0) / most) * 100}%`;
      bar.others.style.height = `${((one?.others ?? 0) / most) * 100}%`;
    });
    setText(this.#scale, `highest: ${most} a second`);
    setText(this.#accepted, String(accepted));
    setText(this.#others, String(refused + failed));
    setData(this.#others, 'alarm', String(refused + failed > 0));
    setLabel(this.#columns, `Logins of the last minute: ${total(shown)}, ${most} a second at most.`);
  }
}

/** The average of the last ten seconds that are over. */
export function loginRate({ seconds }: LoginsView, now: number): string {
  const present = Math.floor(now / 1_000);
  const lately = seconds.filter(({ at }) => {
    const age = present - Date.parse(at) / 1_000;
    return age >= 1 && age <= averagedSeconds;
  });
  return rate(total(lately) / averagedSeconds);
}

function total(seconds: readonly ({ accepted: number; others: number } | undefined)[]): number {
  return seconds.reduce((sum, one) => sum + (one === undefined ? 0 : one.accepted + one.others), 0);
}
