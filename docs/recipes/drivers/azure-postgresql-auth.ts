import { configureEntraAuthentication } from '@azure/postgresql-auth';
import type { EntraTokenService } from 'nestjs-entra-auth';
import { Sequelize } from 'sequelize';

import type { Server } from './server.js';

interface Login {
  username?: string;
  password?: string;
}

export function createSequelizeOfAzure(
  tokens: EntraTokenService,
  { host, port, database, ca }: Omit<Server, 'user'>,
): Sequelize {
  const dialectOptions = { ssl: { rejectUnauthorized: true, ca } };
  const sequelize = new Sequelize({
    dialect: 'postgres',
    host,
    port,
    database,
    dialectOptions,
    logging: false,
  });
  // The package expects a method that Sequelize's types do not have.
  const beforeConnect = (setLogin: (login: Login) => Promise<void>): void => {
    sequelize.addHook('beforeConnect', async (config) => {
      const login: Login = {};
      await setLogin(login);
      Object.assign(config, login);
    });
  };
  configureEntraAuthentication({ beforeConnect }, tokens);
  return sequelize;
}
