import { Kysely, PostgresDialect } from 'kysely';
import type { EntraTokenService } from 'nestjs-entra-auth';

import { createPool } from './pg.js';
import type { Server } from './server.js';

export function createKysely<Tables>(tokens: EntraTokenService, server: Server): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(tokens, server) }) });
}
