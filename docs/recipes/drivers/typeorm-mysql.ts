import { entraMySqlAuthPlugins, type EntraTokenService } from 'nestjs-entra-auth';
import type { DataSourceOptions } from 'typeorm';

import type { Server } from './server.js';

export function mySqlOptions(
  tokens: EntraTokenService,
  { host, port, database, user: username, ca }: Server,
): DataSourceOptions {
  return {
    type: 'mysql',
    host,
    port,
    database,
    username,
    ssl: { rejectUnauthorized: true, verifyIdentity: true, ca },
    extra: { authPlugins: entraMySqlAuthPlugins(tokens, 'mysql') },
  };
}
