import knex, { type Knex } from 'knex';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function createKnex(tokens: EntraTokenService, { host, port, database, user, ca }: Server): Knex {
  const ssl = { rejectUnauthorized: true, ca };
  const password = tokens.passwordProvider('postgres');
  return knex({ client: 'pg', connection: { host, port, database, user, ssl, password } });
}
