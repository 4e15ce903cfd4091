import knex, { type Knex } from 'knex';
import type { EntraTokenService } from 'nestjs-entra-auth';

import { createPool } from './pg.js';
import type { Server } from './server.js';

export function createKnex(
  tokens: EntraTokenService,
  server: Server,
): { knex: Knex; close: () => Promise<void> } {
  const pool = createPool(tokens, server);
  const database = knex({ client: 'pg', connectionPool: pool });
  const close = async (): Promise<void> => {
    await database.destroy();
    await pool.end();
  };
  return { knex: database, close };
}
