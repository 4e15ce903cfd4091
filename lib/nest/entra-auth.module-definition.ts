import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';

import type { EntraAuthModuleOptions } from '../options/entra-auth-module.options.js';
import { SealedOptions } from './sealed-options.js';

interface ModuleExtras {
  /**
   * Whether the module's providers can be injected everywhere without importing the module.
   *
   * @default true
   */
  isGlobal?: boolean;
}

const optionsToken = Symbol.for('nestjs-entra-auth.options');

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
