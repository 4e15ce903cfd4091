import { defineConfig } from '@mikro-orm/postgresql';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function mikroOrm6Options(tokens: EntraTokenService, { host, port, database, user, ca }: Server) {
  const ssl = { rejectUnauthorized: true, ca };
  const password = tokens.passwordProvider('postgres');
  // MikroORM asks an instance of Function once. Any other function goes to `pg`, which asks for each connection.
  Object.setPrototypeOf(password, null);
  return defineConfig({
    host,
    port,
    dbName: database,
    user,
    driverOptions: { connection: { ssl, password, connectionTimeoutMillis: 15_000 } },
  });
}
