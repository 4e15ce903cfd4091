import type { TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import type { Observable } from 'rxjs';

import type { LoginEvent } from '../database/login-event.js';
import type { NestDataSources } from './stand-in.data-sources.js';

/**
 * Makes the options of TypeORM data sources whose password is the current access token, asked for on each new
 * connection.
 *
 * ```ts
 * TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory })
 * TypeOrmModule.forRootAsync({ name: 'reports', useExisting: EntraTypeOrmOptionsFactory })
 * ```
 */
export class EntraTypeOrmOptionsFactory implements TypeOrmOptionsFactory {
  readonly #dataSources: Pick<NestDataSources, 'logins' | 'typeOrmOptions'>;

  /** @internal made by the module */
  constructor(dataSources: Pick<NestDataSources, 'logins' | 'typeOrmOptions'>) {
    this.#dataSources = dataSources;
  }

  /** Every physical login of every data source made here, free of secrets. */
  get logins(): Observable<LoginEvent> {
    return this.#dataSources.logins;
  }

  /**
   * Called by `TypeOrmModule.forRootAsync`.
   *
   * @param name the data source's name in the module's options. Default: `'default'`
   * @throws {EntraOptionsError} for an unknown data source, or `pg` is not installed
   * @throws {TokenUnavailableError} when there is no token and the option `startup` is `'wait'`
   */
  createTypeOrmOptions(name?: string): Promise<TypeOrmModuleOptions> {
    return this.#dataSources.typeOrmOptions(name);
  }
}
