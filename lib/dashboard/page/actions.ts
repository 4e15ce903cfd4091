import type { ActionView } from '../dashboard-state.js';
import { byId, element, PartList, setText, type Part } from './dom.js';

/** The application's buttons. */
export class Actions {
  readonly #section = byId('actions');
  readonly #outcome = byId('outcome');
  readonly #list: PartList<ActionView, ActionButton>;

  /** @param run asks the application to run an action, and returns what it reports */
  constructor(run: (name: string) => Promise<string>) {
    const press = async (name: string): Promise<void> => {
      setText(this.#outcome, 'Working …');
      setText(this.#outcome, await run(name));
    };
    this.#list = new PartList(
      byId('buttons'),
      ({ name }) => name,
      ({ name }) => new ActionButton(() => press(name)),
    );
  }

  update(actions: readonly ActionView[]): void {
    this.#section.hidden = actions.length === 0;
    this.#list.update(actions);
  }
}

class ActionButton implements Part<ActionView> {
  readonly root = element('button');
  #isBusy = false;

  constructor(press: () => Promise<void>) {
    this.root.type = 'button';
    this.root.addEventListener('click', () => {
      if (this.#isBusy) return;
      this.#setBusy(true);
      void press().finally(() => this.#setBusy(false));
    });
  }

  update({ name, label, description, active }: ActionView): void {
    setText(this.root, label);
    this.root.dataset['action'] = name;
    this.root.title = description;
    this.root.setAttribute('aria-pressed', String(active));
  }

  /** A disabled button would lose the focus of the keyboard. */
  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.root.setAttribute('aria-busy', String(isBusy));
  }
}
