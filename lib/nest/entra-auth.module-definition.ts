import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';

import type { EntraAuthModuleOptions } from '../options/entra-auth-module.options.js';

interface ModuleExtras {
  /**
   * Whether the module's providers can be injected everywhere without importing the module.
   *
   * @default true
   */
  isGlobal?: boolean;
}

const optionsToken = Symbol.for('nestjs-entra-auth.options');

/** Provides the parts of the application: an `Assembly`. */
export const assemblyToken = Symbol.for('nestjs-entra-auth.assembly');

/** `MODULE_OPTIONS_TOKEN` provides {@link SealedOptions}. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<EntraAuthModuleOptions>({ optionsInjectionToken: optionsToken })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createEntraAuthOptions')
    .setExtras<ModuleExtras>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
      ...definition,
      providers: definition.providers?.map(sealed) ?? [],
      global: isGlobal,
    }))
    .build();

function sealed(provider: Provider): Provider {
  if (typeof provider === 'function' || provider.provide !== optionsToken) return provider;
  if ('useValue' in provider) {
    return { ...provider, useValue: new SealedOptions(provider.useValue as EntraAuthModuleOptions) };
  }
  if (!('useFactory' in provider)) return provider;
  const { useFactory } = provider;
  const seal = async (...injected: unknown[]): Promise<SealedOptions> =>
    new SealedOptions((await useFactory(...injected)) as EntraAuthModuleOptions);
  return { ...provider, useFactory: seal };
}

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
