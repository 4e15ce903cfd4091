import { Logger, type FactoryProvider } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';
import pg from 'pg';

import type { Server } from './server.js';

export function createPool(tokens: EntraTokenService, { host, port, database, user, ca }: Server): pg.Pool {
  const ssl = { rejectUnauthorized: true, ca };
  const password = tokens.passwordProvider('postgres');
  // Without a deadline, a login to a server that does not answer never ends.
  const connectionTimeoutMillis = 15_000;
  const pool = new pg.Pool({ host, port, database, user, ssl, password, connectionTimeoutMillis });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', (error) => new Logger('Database').warn(error.message));
  return pool;
}

export const poolProvider = (server: Server): FactoryProvider<pg.Pool> => ({
  provide: pg.Pool,
  inject: [EntraTokenService],
  useFactory: (tokens: EntraTokenService) => createPool(tokens, server),
});
