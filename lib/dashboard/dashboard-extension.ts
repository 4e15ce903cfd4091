/** A number that the application shows on the page. */
export interface DashboardFigure {
  /** What is counted, such as `failed calls`. */
  label: string;
  /** What is shown next to the label. */
  value: string | number;
  /** Whether the value needs attention. Default: `false`. */
  alarm?: boolean;
}

/** A button on the page. */
export interface DashboardAction {
  /** Unique name of letters, digits and hyphens; part of the address that the page posts to. */
  name: string;
  /** Label of the button. */
  label: string;
  /** What it does, in one sentence. */
  description?: string;
  /** Whether what it does lasts at this moment. Default: `false`. */
  active?: boolean;
}

/**
 * What an application adds to the page. Every member is optional. One that throws is left out, and the error is logged.
 *
 * Figures and actions are read about once a second while a page is open: return what is known, and ask no server.
 */
export interface DashboardExtension {
  /** Figures, the most important one first: it is shown large. Six at most. */
  figures?(): readonly DashboardFigure[];
  /** Buttons; twenty at most. Each reader of the page may press them. */
  actions?(): readonly DashboardAction[];
  /**
   * Called when a button is pressed, with the name of its action.
   *
   * @returns a sentence for the reader who pressed it; an error is shown by its message
   */
  run?(action: string): Promise<string> | string;
}
