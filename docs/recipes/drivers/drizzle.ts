import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { EntraTokenService } from 'nestjs-entra-auth';
import type pg from 'pg';

import { createPool } from './pg.js';
import type { Server } from './server.js';

export function createDrizzle(
  tokens: EntraTokenService,
  server: Server,
): NodePgDatabase & { $client: pg.Pool } {
  return drizzle({ client: createPool(tokens, server) });
}
