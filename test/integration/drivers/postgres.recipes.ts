import { MikroORM, type Options } from '@mikro-orm/postgresql';
import type { PrismaPg } from '@prisma/adapter-pg';
import { sql as drizzleSql } from 'drizzle-orm';
import type { Knex } from 'knex';
import { CompiledQuery, type Kysely } from 'kysely';
import type { EntraTokenService } from 'nestjs-entra-auth';
import type pg from 'pg';
import type postgres from 'postgres';
import type { Sequelize } from 'sequelize';

import { createSequelizeOfAzure } from '../../../docs/recipes/drivers/azure-postgresql-auth.js';
import { createDrizzle } from '../../../docs/recipes/drivers/drizzle.js';
import { createKnex } from '../../../docs/recipes/drivers/knex.js';
import { createKysely } from '../../../docs/recipes/drivers/kysely.js';
import { mikroOrm6Options } from '../../../docs/recipes/drivers/mikro-orm-6.js';
import { mikroOrm7Options } from '../../../docs/recipes/drivers/mikro-orm-7.js';
import { createPool } from '../../../docs/recipes/drivers/pg.js';
import { createPostgresJs } from '../../../docs/recipes/drivers/postgres-js.js';
import { createPrismaAdapter } from '../../../docs/recipes/drivers/prisma.js';
import { createSequelize } from '../../../docs/recipes/drivers/sequelize.js';
import type { Server } from '../../../docs/recipes/drivers/server.js';
import { mikroOrm7 } from './mikro-orm-7.installation.js';

/** What every driver can do, in one form. */
export interface Subject {
  /** Runs SQL on any connection of the driver's pool, and gives the one row in the order of its columns. */
  row: (sql: string) => Promise<unknown[]>;
  close: () => Promise<void>;
}

export interface Recipe {
  name: string;
  open: (tokens: EntraTokenService, server: Server) => Promise<Subject> | Subject;
}

const first = (rows: readonly object[]): unknown[] => Object.values(rows[0] ?? {});

/** The drivers in that form. */
export const subjects = {
  pool: (pool: pg.Pool): Subject => ({
    row: async (sql) => first((await pool.query<object>(sql)).rows),
    close: () => pool.end(),
  }),
  drizzle: (database: ReturnType<typeof createDrizzle>): Subject => ({
    row: async (sql) => first((await database.execute(drizzleSql.raw(sql))).rows),
    close: () => database.$client.end(),
  }),
  kysely: (database: Kysely<object>): Subject => ({
    row: async (sql) => first((await database.executeQuery<object>(CompiledQuery.raw(sql))).rows),
    close: () => database.destroy(),
  }),
  knex: (database: Knex): Subject => ({
    row: async (sql) => first((await database.raw<{ rows: object[] }>(sql)).rows),
    close: () => database.destroy(),
  }),
  mikroOrm: async (options: Options, Orm = MikroORM): Promise<Subject> => {
    const discovery = { warnWhenNoEntities: false };
    const orm = await Orm.init({ ...options, discovery, entities: [], connect: false });
    return {
      row: async (sql) => first(await orm.em.getConnection().execute<object[]>(sql)),
      close: () => orm.close(true),
    };
  },
  postgresJs: (sql: postgres.Sql): Subject => ({
    row: async (text) => first(await sql.unsafe<object[]>(text)),
    close: () => sql.end(),
  }),
  prisma: async (factory: PrismaPg): Promise<Subject> => {
    const adapter = await factory.connect();
    return {
      row: async (sql) => (await adapter.queryRaw({ sql, args: [], argTypes: [] })).rows[0] ?? [],
      close: () => adapter.dispose(),
    };
  },
  sequelize: (sequelize: Sequelize): Subject => ({
    row: async (sql) => first((await sequelize.query(sql))[0] as object[]),
    close: () => sequelize.close(),
  }),
};

const openKnex = ({ knex, close }: ReturnType<typeof createKnex>): Subject => ({
  ...subjects.knex(knex),
  close,
});

/** The recipes of the documentation for PostgreSQL. */
export const postgresRecipes: readonly Recipe[] = [
  { name: 'pg.Pool', open: (tokens, server) => subjects.pool(createPool(tokens, server)) },
  { name: 'Drizzle', open: (tokens, server) => subjects.drizzle(createDrizzle(tokens, server)) },
  { name: 'Kysely', open: (tokens, server) => subjects.kysely(createKysely(tokens, server)) },
  { name: 'Knex', open: (tokens, server) => openKnex(createKnex(tokens, server)) },
  { name: 'MikroORM 6', open: (tokens, server) => subjects.mikroOrm(mikroOrm6Options(tokens, server)) },
  {
    name: 'MikroORM 7',
    open: async (tokens, server) =>
      subjects.mikroOrm(mikroOrm7Options(tokens, server), await mikroOrm7.load()),
  },
  {
    name: 'postgres.js',
    open: (tokens, server) => subjects.postgresJs(createPostgresJs(tokens, server, { backoff: () => 0 })),
  },
  {
    name: "Prisma's adapter",
    open: (tokens, server) => subjects.prisma(createPrismaAdapter(tokens, server)),
  },
  { name: 'Sequelize', open: (tokens, server) => subjects.sequelize(createSequelize(tokens, server)) },
  {
    name: 'Sequelize with @azure/postgresql-auth',
    open: (tokens, server) => subjects.sequelize(createSequelizeOfAzure(tokens, server)),
  },
];
