import { withDeadline } from '../common/deadline.js';
import type { Clock } from '../common/clock.js';
import { EntraTimeoutError } from '../common/entra-auth.error.js';
import type { LineLogger } from '../common/guarded-logger.js';
import { asError } from '../common/thrown.js';
import type { DashboardExtension } from './dashboard-extension.js';
import type { ActionView, FigureView } from './dashboard-state.js';
import { bounded } from './event-lines.js';

const mostFigures = 6;
const mostActions = 20;
const actionTimeoutInMs = 30_000;
const actionName = /^[\w-]{1,60}$/;

/** Reads what an application adds to the page. Nothing of it can break the page. */
export class ExtensionView {
  readonly #extension: DashboardExtension;
  readonly #clock: Clock;
  readonly #logger: LineLogger;
  /** The errors that have been logged: what throws now throws again in a second. */
  readonly #logged = new Set<string>();

  constructor(extension: DashboardExtension, clock: Clock, logger: LineLogger) {
    this.#extension = extension;
    this.#clock = clock;
    this.#logger = logger;
  }

  figures(): FigureView[] {
    return this.#read('figures', () =>
      (this.#extension.figures?.() ?? []).slice(0, mostFigures).map(({ label, value, alarm = false }) => ({
        label: bounded(String(label)),
        value: bounded(String(value)),
        alarm: alarm === true,
      })),
    );
  }

  actions(): ActionView[] {
    return this.#read('actions', () =>
      (this.#extension.actions?.() ?? [])
        .filter(({ name }) => actionName.test(name))
        .slice(0, mostActions)
        .map(({ name, label, description = '', active = false }) => ({
          name,
          label: bounded(String(label)),
          description: bounded(String(description)),
          active: active === true,
        })),
    );
  }

  /**
   * Runs an action, and returns a sentence for the reader who pressed the button.
   *
   * @returns `undefined` for an unknown action
   * @throws what the action throws, and {EntraTimeoutError} when it takes too long
   */
  async run(name: string): Promise<string | undefined> {
    if (!this.actions().some((action) => action.name === name)) return undefined;
    const run = async (): Promise<string> => (await this.#extension.run?.(name)) ?? 'Done.';
    const onTimeout = (): Error =>
      new EntraTimeoutError(
        `The action "${name}"`,
        actionTimeoutInMs,
        'It may still end; look at the state.',
      );
    return bounded(
      await withDeadline(run(), { timeoutInMs: actionTimeoutInMs, clock: this.#clock, onTimeout }),
    );
  }

  #read<T>(what: string, read: () => T[]): T[] {
    try {
      return read();
    } catch (error) {
      const line = `The ${what} of the dashboard's extension could not be read: ${bounded(asError(error).message)}`;
      if (!this.#logged.has(what)) this.#logger.error(line);
      this.#logged.add(what);
      return [];
    }
  }
}
