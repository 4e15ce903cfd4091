import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

import type { EnvironmentVariables } from '../config/environment-variables.js';
import { AzurePlatform } from './azure.platform.js';
import { Platform } from './platform.js';

/** Chooses Azure when `PGHOST` names the database's host, and starts a local platform otherwise. */
@Global()
@Module({
  providers: [
    {
      provide: Platform,
      inject: [ConfigService],
      useFactory: async (config: ConfigService<EnvironmentVariables, true>): Promise<Platform> => {
        if (config.get('PGHOST', { infer: true })) return new AzurePlatform(config);
        // Loaded only here: in production there is nothing of it, and its dependencies need not be installed.
        const { LocalPlatform } = await import('./local.platform.js');
        return LocalPlatform.start(config.get('TOKEN_LIFETIME_SECONDS', { infer: true }));
      },
    },
  ],
  exports: [Platform],
})
export class PlatformModule implements OnApplicationShutdown {
  constructor(private readonly platform: Platform) {}

  onApplicationShutdown(): Promise<void> {
    return this.platform.close();
  }
}
