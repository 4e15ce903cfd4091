import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { TokenEngine } from '../engine/token-engine.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import { PostgresDataSources } from '../postgres/postgres-data-sources.js';
import { checkAsyncRegistration, checkRegistration, forRootIsNeeded } from './check-registration.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
  type SealedOptions,
} from './entra-auth.module-definition.js';
import { EntraTelemetry } from './entra-telemetry.js';
import { EntraTokenService } from './entra-token.service.js';
import { EntraTypeOrmOptionsFactory } from './entra-typeorm-options.factory.js';
import { EntraDataSourceHealthIndicator } from './health/entra-data-source.health.js';
import { EntraTokenHealthIndicator } from './health/entra-token.health.js';
import { SetupWarnings } from './setup-warnings.js';
import { logTokenEvents } from './token-event.logger.js';

const resolvedOptions = Symbol.for('nestjs-entra-auth.resolved-options');
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
      provide: resolvedOptions,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SealedOptions) => resolveOptions(options.open()),
    },
    {
      provide: TokenEngine,
      inject: [resolvedOptions, { token: SchedulerRegistry, optional: true }],
      useFactory: (options: ResolvedOptions, registry?: SchedulerRegistry) => {
        const engine = new TokenEngine(options, { timers: registry ?? new SchedulerRegistry(), logger });
        logTokenEvents(engine.events, logger);
        return engine;
      },
    },
    {
      provide: EntraTokenService,
      inject: [TokenEngine],
      useFactory: (engine: TokenEngine) => new EntraTokenService(engine),
    },
    {
      provide: PostgresDataSources,
      inject: [resolvedOptions, TokenEngine],
      useFactory: (options: ResolvedOptions, engine: TokenEngine) =>
        new PostgresDataSources(options, engine, logger),
    },
    {
      provide: EntraTypeOrmOptionsFactory,
      inject: [PostgresDataSources],
      useFactory: (dataSources: PostgresDataSources) => new EntraTypeOrmOptionsFactory(dataSources),
    },
    {
      provide: SetupWarnings,
      inject: [ModulesContainer, PostgresDataSources],
      useFactory: (modules: ModulesContainer, dataSources: PostgresDataSources) =>
        new SetupWarnings(EntraAuthModule, modules, dataSources, logger),
    },
    {
      provide: EntraTelemetry,
      inject: [resolvedOptions, TokenEngine, PostgresDataSources],
      useFactory: (options: ResolvedOptions, engine: TokenEngine, dataSources: PostgresDataSources) =>
        EntraTelemetry.start(options, engine, dataSources),
    },
    {
      provide: EntraTokenHealthIndicator,
      inject: [EntraTokenService, resolvedOptions],
      useFactory: (tokens: EntraTokenService, { startup }: ResolvedOptions) =>
        new EntraTokenHealthIndicator(tokens, startup),
    },
    {
      provide: EntraDataSourceHealthIndicator,
      inject: [PostgresDataSources, resolvedOptions],
      useFactory: (dataSources: PostgresDataSources, options: ResolvedOptions) =>
        new EntraDataSourceHealthIndicator(dataSources, options.clock),
    },
  ],
  exports: [
    EntraTokenService,
    EntraTypeOrmOptionsFactory,
    EntraTokenHealthIndicator,
    EntraDataSourceHealthIndicator,
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
