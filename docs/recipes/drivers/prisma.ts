import { PrismaPg } from '@prisma/adapter-pg';
import type { EntraTokenService } from 'nestjs-entra-auth';

import type { Server } from './server.js';

export function createPrismaAdapter(
  tokens: EntraTokenService,
  { host, port, database, user, ca }: Server,
): PrismaPg {
  const ssl = { rejectUnauthorized: true, ca };
  const password = tokens.passwordProvider('postgres');
  return new PrismaPg({ host, port, database, user, ssl, password });
}
