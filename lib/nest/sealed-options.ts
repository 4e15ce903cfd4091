import type { EntraAuthModuleOptions } from '../options/entra-auth-module.options.js';

let registrations = 0;

/** Carries the options through Nest's container, where a look at the application would show their secrets. */
export class SealedOptions {
  /** Tells registrations apart for a container that compares them by what they show. */
  readonly registration = ++registrations;
  readonly #options: EntraAuthModuleOptions;

  constructor(options: EntraAuthModuleOptions) {
    this.#options = options;
  }

  /** The options as they were given. */
  open(): EntraAuthModuleOptions {
    return this.#options;
  }
}
