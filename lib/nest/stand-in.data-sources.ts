import type { TypeOrmModuleOptions } from '@nestjs/typeorm';

import type { DataSources } from '../database/data-sources.js';
import type { ResolvedDatabase } from '../database/resolved-database.js';
import type { Assembly } from '../options/assemble.js';
import { EngineTokenService } from './engine-token.service.js';
import type { EntraTokenService } from './entra-token.service.js';

/** What the providers of the module use of the data sources. */
export type NestDataSources = Pick<
  DataSources,
  'logins' | 'names' | 'verifiesServers' | 'unused' | 'typeOrmOptions' | 'probe'
>;

/** The data sources of an application, or their stand-ins where a test has overridden `EntraTokenService`. */
export function dataSourcesFor(
  tokens: EntraTokenService,
  { dataSources, options }: Assembly,
): NestDataSources {
  if (tokens instanceof EngineTokenService) return dataSources;
  return new StandInDataSources(tokens, dataSources, options.dataSources);
}

/**
 * Data sources that connect to nothing. The tokens of a stand-in are sent to no server, and Entra is asked
 * for none.
 */
class StandInDataSources implements NestDataSources {
  readonly #tokens: Pick<EntraTokenService, 'getToken'>;
  readonly #real: DataSources;
  readonly #configured: ReadonlyMap<string, ResolvedDatabase>;
  readonly logins: DataSources['logins'];

  constructor(
    tokens: Pick<EntraTokenService, 'getToken'>,
    real: DataSources,
    configured: ReadonlyMap<string, ResolvedDatabase>,
  ) {
    this.#tokens = tokens;
    this.#real = real;
    this.#configured = configured;
    this.logins = real.logins;
  }

  names(): string[] {
    return this.#real.names();
  }

  verifiesServers(name: string | undefined): boolean {
    return this.#real.verifiesServers(name);
  }

  unused(): string[] {
    return [];
  }

  /** Leaves the connection to the test: TypeORM connects when `initialize()` is called, which nothing does by itself. */
  typeOrmOptions(name?: string): Promise<TypeOrmModuleOptions> {
    this.#real.verifiesServers(name);
    const { type, typeOrmOptions } = this.#dataSource(name);
    return Promise.resolve({ ...typeOrmOptions, type, manualInitialization: true } as TypeOrmModuleOptions);
  }

  /** Asks for the token that a login would need. */
  async probe(name: string | undefined): Promise<number> {
    await this.#tokens.getToken(this.#dataSource(name).resource);
    return 0;
  }

  #dataSource(name = 'default'): ResolvedDatabase {
    const found = this.#configured.get(name);
    if (found === undefined) throw new Error(`The data source "${name}" is not configured.`);
    return found;
  }
}
