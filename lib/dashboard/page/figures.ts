import type { DashboardState, FigureView } from '../dashboard-state.js';
import { element, PartList, setData, setText, type Part } from './dom.js';
import { loginRate } from './login-chart.js';

/** The numbers that matter most: those of the application, then those of every dashboard. */
export class Figures {
  readonly #list: PartList<FigureView, Figure>;

  constructor(parent: HTMLElement) {
    this.#list = new PartList(
      parent,
      ({ label }) => label,
      () => new Figure(),
    );
  }

  update(state: DashboardState, now: number): void {
    this.#list.update([...state.figures, ...commonFigures(state, now)]);
  }
}

function commonFigures({ resources, logins }: DashboardState, now: number): FigureView[] {
  const configured = resources.filter((one) => one.configured);
  const serving = configured.filter(({ state }) => state !== 'pending' && state !== 'expired').length;
  const failures = resources.reduce((sum, one) => sum + one.failures, 0);
  return [
    {
      label: 'tokens that serve',
      value: `${serving} of ${configured.length}`,
      alarm: serving < configured.length,
    },
    { label: 'failed refreshes', value: String(failures), alarm: false },
    { label: 'logins per second', value: loginRate(logins, now), alarm: false },
  ];
}

class Figure implements Part<FigureView> {
  readonly #label = element('dt');
  readonly #value = element('dd');
  readonly root = element('div', 'figure', this.#label, this.#value);

  update({ label, value, alarm }: FigureView): void {
    setText(this.#label, label);
    setText(this.#value, value);
    setData(this.root, 'alarm', String(alarm));
  }
}
