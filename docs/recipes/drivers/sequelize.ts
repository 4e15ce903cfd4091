import type { EntraTokenService } from 'nestjs-entra-auth';
import { Sequelize } from 'sequelize';

import type { Server } from './server.js';

export function createSequelize(
  tokens: EntraTokenService,
  { host, port, database, user: username, ca }: Server,
): Sequelize {
  const token = tokens.passwordProvider('postgres');
  const dialectOptions = { ssl: { rejectUnauthorized: true, ca } };
  const sequelize = new Sequelize({
    dialect: 'postgres',
    host,
    port,
    database,
    username,
    dialectOptions,
    logging: false,
  });
  sequelize.addHook('beforeConnect', async (config) => {
    config.password = await token();
  });
  return sequelize;
}
