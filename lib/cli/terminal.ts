/** What the program has around it, so that a test can be in its place. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For results. */
  out(text: string): void;
  /** For everything that is not a result. */
  err(text: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Whether a person types the input. */
  readonly inputIsTyped: boolean;
  now(): number;
}
