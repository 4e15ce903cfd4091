import type { LocalEntra } from 'nestjs-entra-auth/testing';

/** Audience of tokens for Azure Database for PostgreSQL. */
export const databaseAudience = 'https://ossrdbms-aad.database.windows.net';

/** The options of a data source for the local PostgreSQL. */
export function localDataSource(entra: LocalEntra) {
  const { host, port, database, username } = entra.postgres;
  return {
    type: 'postgres',
    host,
    port,
    database,
    username,
    ssl: { ca: entra.certificateAuthority },
  } as const;
}
