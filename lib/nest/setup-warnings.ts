import type { OnApplicationBootstrap } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import type { NestDataSources } from './stand-in.data-sources.js';

/** Warns, when the application has started, of what was set up and has no use. */
export class SetupWarnings implements OnApplicationBootstrap {
  readonly #module: unknown;
  readonly #modules: ModulesContainer;
  readonly #dataSources: Pick<NestDataSources, 'unused'>;
  readonly #logger: LineLogger;

  /** @param module the class of the module that must be registered once */
  constructor(
    module: unknown,
    modules: ModulesContainer,
    dataSources: Pick<NestDataSources, 'unused'>,
    logger: LineLogger,
  ) {
    this.#module = module;
    this.#modules = modules;
    this.#dataSources = dataSources;
    this.#logger = new GuardedLogger(logger);
  }

  /** Called by Nest. */
  onApplicationBootstrap(): void {
    const registrations = [...this.#modules.values()].filter(({ metatype }) => metatype === this.#module);
    if (registrations.length > 1) {
      this.#logger.warn(
        `EntraAuthModule is registered ${registrations.length} times: each registration asks for tokens of its own. ` +
          'Register it once, globally, and inject its providers elsewhere.',
      );
    }
    for (const name of this.#dataSources.unused()) {
      this.#logger.warn(
        `The data source "${name}" is configured, but TypeORM has not asked for it. Pass it on with ` +
          '`TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory })`, or remove the option "dataSource".',
      );
    }
  }
}
