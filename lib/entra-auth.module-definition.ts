import { ConfigurableModuleBuilder } from '@nestjs/common';

import type { EntraAuthModuleOptions } from './options/entra-auth-module.options.js';

interface ModuleExtras {
  /**
   * Whether the module's providers can be injected everywhere without importing the module.
   *
   * @default true
   */
  isGlobal?: boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<EntraAuthModuleOptions>({
    optionsInjectionToken: Symbol.for('nestjs-entra-auth.options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createEntraAuthOptions')
    .setExtras<ModuleExtras>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();
