import { defineConfig } from '@mikro-orm/postgresql';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function mikroOrmOptions(tokens: EntraTokenService, { host, port, database, user, ca }: Server) {
  const token = tokens.passwordProvider('postgres');
  return defineConfig({
    host,
    port,
    dbName: database,
    user,
    // A mere string would be kept for every later connection.
    password: async () => ({ password: await token(), expirationChecker: () => true }),
    driverOptions: { connection: { ssl: { rejectUnauthorized: true, ca } } },
  });
}
