/** Something that goes wrong on purpose. */
export interface Trouble {
  /** Part of an address. */
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Whether it lasts at this moment. */
  readonly isOn?: () => boolean;
  /** Whether the token endpoint answers otherwise from then on. */
  readonly isAtTokenEndpoint: boolean;
  /** Begins it, or does it. @returns a sentence for the reader */
  start(): Promise<string>;
}
