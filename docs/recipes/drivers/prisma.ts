import { PrismaPg } from '@prisma/adapter-pg';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function createPrismaAdapter(
  tokens: EntraTokenService,
  { host, port, database, user, ca }: Server,
): PrismaPg {
  const ssl = { rejectUnauthorized: true, ca };
  const password = tokens.passwordProvider('postgres');
  // Without a deadline, a login to a server that does not answer never ends.
  const connectionTimeoutMillis = 15_000;
  return new PrismaPg({ host, port, database, user, ssl, password, connectionTimeoutMillis });
}
