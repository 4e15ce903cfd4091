import { DefaultAzureCredential } from '@azure/identity';
import type { ConfigService } from '@nestjs/config';

import type { EnvironmentVariables } from '../config/environment-variables.js';
import { Platform } from './platform.js';

/** Azure, with the identity that the application runs under: managed identity there, `az login` on a desk. */
export class AzurePlatform extends Platform {
  readonly description: string;
  readonly credential = () => new DefaultAzureCredential();
  readonly database;
  readonly redis;
  readonly graphUrl;
  readonly fetch = fetch;
  readonly isLocal = false;
  readonly troubles = [];

  constructor(config: ConfigService<EnvironmentVariables, true>) {
    super();
    const host = config.get('PGHOST', { infer: true });
    this.description = `Azure (PostgreSQL on ${host})`;
    this.database = {
      host,
      port: config.get('PGPORT', { infer: true }),
      database: config.get('PGDATABASE', { infer: true }),
      username: config.get('PGUSER', { infer: true }),
    };
    const redisHost = config.get('REDIS_HOST', { infer: true });
    this.redis = redisHost ? { host: redisHost, port: config.get('REDIS_PORT', { infer: true }) } : undefined;
    this.graphUrl = config.get('GRAPH_URL', { infer: true });
  }

  async close(): Promise<void> {}
}
