import type { TypeOrmModuleOptions } from '@nestjs/typeorm';

/** Options of `TypeOrmModule` itself, which a data source takes as they are. */
export type OptionsOfTypeOrmModule = Pick<
  TypeOrmModuleOptions,
  'retryAttempts' | 'retryDelay' | 'toRetry' | 'autoLoadEntities' | 'verboseRetryLog' | 'manualInitialization'
>;
