import type { Options } from '@mikro-orm/postgresql';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function mikroOrm7Options(tokens: EntraTokenService, { host, port, database, user, ca }: Server) {
  const ssl = { rejectUnauthorized: true, ca };
  return {
    host,
    port,
    dbName: database,
    user,
    password: tokens.passwordProvider('postgres'),
    driverOptions: { ssl, connectionTimeoutMillis: 15_000 },
  } satisfies Options;
}
