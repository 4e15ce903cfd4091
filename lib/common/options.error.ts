import { EntraAuthError } from './entra-auth.error.js';

/** An option is missing or wrong. Raised at start-up, before anything goes over the network. */
export class EntraOptionsError extends EntraAuthError {
  override readonly name = 'EntraOptionsError';
  /** Path of the option, such as `resources.graph.scopes`. */
  readonly option: string;

  /**
   * @param option path of the option
   * @param given what was found there, in words that contain no secret
   * @param fix what to write instead
   */
  constructor(option: string, given: string, fix: string) {
    super('ENTRA_OPTIONS_INVALID', { problem: `Invalid option "${option}": ${given}.`, fix });
    this.option = option;
  }
}
