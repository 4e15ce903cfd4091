import { Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { dashboardController } from './dashboard.controller.js';
import { resolveDashboardOptions, type EntraDashboardOptions } from './dashboard.options.js';
import { DashboardService } from './dashboard.service.js';

/**
 * A page that shows the tokens of the application live: the life of each, the refreshes, failures and logins. It holds
 * nothing secret, and loads nothing from elsewhere. With Express and Fastify.
 *
 * ```ts
 * EntraDashboardModule.forRoot({ path: '/entra', guard: AdminGuard })
 * ```
 */
@Module({})
export class EntraDashboardModule {
  /**
   * Registers the page, in an application that imports `EntraAuthModule`.
   *
   * @throws {EntraOptionsError} for the first option that is wrong, and without a guard when `NODE_ENV` is `production`
   */
  static forRoot(options: EntraDashboardOptions = {}): DynamicModule {
    const resolved = resolveDashboardOptions(options, process.env['NODE_ENV']);
    return {
      module: EntraDashboardModule,
      imports: resolved.imports,
      controllers: [dashboardController(resolved)],
      providers: [
        {
          provide: DashboardService,
          inject: [ModuleRef],
          useFactory: (modules: ModuleRef) => new DashboardService(modules, resolved),
        },
      ],
    };
  }
}
