import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { EMPTY, merge } from 'rxjs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { Assembly } from '../options/assemble.js';
import { checkAsyncRegistration, checkRegistration, forRootIsNeeded } from './check-registration.js';
import {
  ASYNC_OPTIONS_TYPE,
  assemblyToken,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
  type SealedOptions,
} from './entra-auth.module-definition.js';
import { EntraTelemetry } from './entra-telemetry.js';
import { EngineTokenService } from './engine-token.service.js';
import { EntraTokenService } from './entra-token.service.js';
import { EntraTypeOrmOptionsFactory } from './entra-typeorm-options.factory.js';
import { EventForwarding } from './event-forwarding.js';
import { EntraDataSourceHealthIndicator } from './health/entra-data-source.health.js';
import { EntraRedisHealthIndicator } from './health/entra-redis.health.js';
import { EntraTokenHealthIndicator } from './health/entra-token.health.js';
import { SetupWarnings } from './setup-warnings.js';
import { dataSourcesFor } from './stand-in.data-sources.js';
import { logTokenEvents } from './token-event.logger.js';
import { EntraUserTokenService } from './users/entra-user-token.service.js';

const logger = new Logger('EntraAuth');

/**
 * Keeps the access tokens of an application fresh and hands them to its database logins and its calls of Graph and
 * other services.
 *
 * The refresh timers are named timeouts in the application's `SchedulerRegistry` when it imports `ScheduleModule`, and
 * in a private one otherwise.
 */
@Module({
  providers: [
    {
      // forRoot() and forRootAsync() put theirs in its place.
      provide: MODULE_OPTIONS_TOKEN,
      useFactory: () => {
        throw new EntraOptionsError('options', 'missing', forRootIsNeeded);
      },
    },
    {
      provide: assemblyToken,
      inject: [MODULE_OPTIONS_TOKEN, { token: SchedulerRegistry, optional: true }],
      useFactory: async (options: SealedOptions, registry?: SchedulerRegistry): Promise<Assembly> => {
        const { assemble } = await import('../options/assemble.js');
        const parts = assemble(options.open(), { timers: registry ?? new SchedulerRegistry(), logger });
        logTokenEvents(parts.engine.events, logger);
        return parts;
      },
    },
    {
      provide: EntraTokenService,
      inject: [assemblyToken],
      useFactory: ({ engine }: Assembly): EntraTokenService => new EngineTokenService(engine),
    },
    {
      provide: EntraUserTokenService,
      inject: [assemblyToken],
      useFactory: ({ users }: Assembly) => new EntraUserTokenService(users),
    },
    {
      provide: EntraTypeOrmOptionsFactory,
      inject: [EntraTokenService, assemblyToken],
      useFactory: (tokens: EntraTokenService, parts: Assembly) =>
        new EntraTypeOrmOptionsFactory(dataSourcesFor(tokens, parts)),
    },
    {
      provide: SetupWarnings,
      inject: [ModulesContainer, EntraTokenService, assemblyToken],
      useFactory: (modules: ModulesContainer, tokens: EntraTokenService, parts: Assembly) =>
        new SetupWarnings(EntraAuthModule, modules, dataSourcesFor(tokens, parts), logger),
    },
    {
      provide: EventForwarding,
      inject: [ModulesContainer, assemblyToken],
      useFactory: (modules: ModulesContainer, { engine, users }: Assembly) =>
        new EventForwarding(modules, merge(engine.events, users?.events ?? EMPTY), logger),
    },
    {
      provide: EntraTelemetry,
      inject: [assemblyToken],
      useFactory: (parts: Assembly) => EntraTelemetry.start(parts),
    },
    {
      provide: EntraTokenHealthIndicator,
      inject: [EntraTokenService, assemblyToken, ModulesContainer],
      useFactory: (tokens: EntraTokenService, { options }: Assembly, modules: ModulesContainer) =>
        new EntraTokenHealthIndicator(tokens, { startup: options.startup, clock: options.clock, modules }),
    },
    {
      provide: EntraDataSourceHealthIndicator,
      inject: [EntraTokenService, assemblyToken],
      useFactory: (tokens: EntraTokenService, parts: Assembly) =>
        new EntraDataSourceHealthIndicator(dataSourcesFor(tokens, parts), parts.options.clock),
    },
    {
      provide: EntraRedisHealthIndicator,
      inject: [EntraTokenService, assemblyToken],
      useFactory: (tokens: EntraTokenService, { options }: Assembly) =>
        new EntraRedisHealthIndicator(tokens, options.clock),
    },
  ],
  exports: [
    EntraTokenService,
    EntraUserTokenService,
    EntraTypeOrmOptionsFactory,
    EntraTokenHealthIndicator,
    EntraDataSourceHealthIndicator,
    EntraRedisHealthIndicator,
  ],
})
export class EntraAuthModule extends ConfigurableModuleClass {
  /**
   * Registers the module with options that are known when the application is composed.
   *
   * @param options the options; `isGlobal` (default `true`) makes the providers available everywhere
   * @throws {EntraOptionsError} at boot, for the first option that is wrong or missing
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    checkRegistration(options);
    return super.forRoot(options);
  }

  /**
   * Registers the module with options that come from elsewhere: `useFactory` with `inject` and `imports`, or
   * `useClass` or `useExisting` with an `EntraAuthOptionsFactory`.
   *
   * @param options how to get the options; `isGlobal` (default `true`) makes the providers available everywhere
   * @throws {EntraOptionsError} at boot, for the first option that is wrong or missing
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    checkAsyncRegistration(options);
    return super.forRootAsync(options);
  }
}
