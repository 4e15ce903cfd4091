import type { DataSource, DataSourceOptions } from 'typeorm';

import { processLogger } from '../common/guarded-logger.js';
import { optionalPackage } from '../common/optional-package.js';
import { flushCredentials } from '../credential/flush-credentials.js';
import { warnOfLosses } from '../entra/credential-state.js';
import type { EntraAuthModuleOptions } from '../options/entra-auth-module.options.js';

/**
 * Makes a TypeORM data source without Nest, for a `data-source.ts` that the migration CLI reads. It takes the options
 * of the module, fetches a token when it connects, and leaves no timer behind. `destroy()` also gives the credential a
 * moment to store a refresh token that could not be stored before.
 *
 * ```ts
 * export default createEntraDataSource(entraOptions);
 * ```
 *
 * @param options the options of the module; `startup` and background refreshes do not apply
 * @param name which of several data sources. Default: `'default'`
 * @throws {EntraOptionsError} when an option is wrong, or `typeorm` or `pg` is not installed
 * @see https://typeorm.io/docs/advanced-topics/using-cli
 */
export async function createEntraDataSource(
  options: EntraAuthModuleOptions,
  name?: string,
): Promise<DataSource> {
  const { assemble } = await import('../options/assemble.js');
  const { options: resolved, dataSources } = assemble(
    { ...options, startup: 'lazy', refresh: { ...options.refresh, background: false } },
    { logger: processLogger },
  );
  const typeOrmOptions = await dataSources.typeOrmOptions(name);
  const { DataSource: TypeOrmDataSource } = await optionalPackage({
    name: 'typeorm',
    option: 'dataSource',
    load: () => import('typeorm'),
  });
  const credentials = [...resolved.resources.values()].map(({ credential }) => credential);
  const flush = async (): Promise<void> => warnOfLosses(await flushCredentials(credentials, resolved.clock));
  /** Its end may be that of the process, so nothing is left to be stored later. It can be initialized again. */
  class EntraDataSource extends TypeOrmDataSource {
    override async initialize(): Promise<this> {
      try {
        return await super.initialize();
      } catch (error) {
        await flush();
        throw error;
      }
    }

    override async destroy(): Promise<void> {
      try {
        await super.destroy();
      } finally {
        await flush();
      }
    }
  }
  return new EntraDataSource(typeOrmOptions as DataSourceOptions);
}
