import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryResult } from 'pg';

import { APP_ROLE, startTestServer, type TestServer } from './postgres.fixture.js';

const notListed = (name: string) => ({
  code: '0A000',
  message: `extension "${name}" is not allow-listed for users in Azure Database for PostgreSQL`,
  hint: expect.stringContaining('https://go.microsoft.com/fwlink/?linkid=2301063'),
});
const onlyMembers = (command: string) => ({
  code: '42501',
  message: `Only members of "azure_pg_admin" are allowed to use ${command}`,
});

describe('Extensions of the local PostgreSQL', () => {
  const { objectId } = APP_ROLE;
  let test: TestServer;

  beforeAll(async () => {
    test = await startTestServer({
      extensions: ['PGCRYPTO', 'uuid-ossp', 'dblink'],
      roles: [
        { name: 'operator', objectId, rights: 'admin' },
        { name: 'migrator', objectId, rights: 'migrations' },
      ],
    });
  });
  afterAll(() => test.stop());

  const as =
    (user: string, more: { database?: string; options?: string } = {}) =>
    (...statements: string[]): Promise<QueryResult[]> =>
      test.session(
        async (client) => {
          const results: QueryResult[] = [];
          for (const statement of statements) results.push(await client.query(statement));
          return results;
        },
        { user, ...more },
      );
  const installed = async (): Promise<string[]> => {
    const rows = await test.server.query<{ extname: string }>('SELECT extname FROM pg_extension');
    return rows.map(({ extname }) => extname).filter((name) => name !== 'plpgsql');
  };

  it('are made and dropped by members of azure_pg_admin alone, and used by all', async () => {
    const create = 'CREATE EXTENSION IF NOT EXISTS pgcrypto';
    await expect(as('migrator')(create)).rejects.toMatchObject(onlyMembers('CREATE EXTENSION'));
    await as('operator')(create, create);
    await expect(as('migrator')(create)).rejects.toMatchObject(onlyMembers('CREATE EXTENSION'));
    const drop = 'DROP EXTENSION pgcrypto';
    await expect(as('migrator')(drop)).rejects.toMatchObject(onlyMembers('DROP EXTENSION'));
    const [used] = await as('migrator')("SELECT length(digest('a', 'sha256')) AS bytes");
    expect(used?.rows).toEqual([{ bytes: 32 }]);
    await as('operator')(
      drop,
      '/* quoted */ CREATE EXTENSION "uuid-ossp" -- listed',
      'DROP EXTENSION "uuid-ossp"',
    );
    expect(await installed()).toEqual([]);
  });

  it.each(['hstore', 'postgres_fdw', 'vector'])('that are not on the list are refused: %s', async (name) => {
    const create = `-- create extension pgcrypto\nCREATE EXTENSION IF NOT EXISTS "${name}" CASCADE`;
    await expect(as('operator')(create)).rejects.toMatchObject(notListed(name));
    expect(await installed()).toEqual([]);
  });

  it('are refused by the list of the server, and by none that a session has set', async () => {
    const [shown] = await as('operator')('SHOW azure.extensions');
    expect(shown?.rows).toEqual([{ 'azure.extensions': 'pgcrypto,uuid-ossp,dblink' }]);
    const pretend = "SET azure.extensions = 'hstore'";
    await expect(as('operator')(pretend, 'CREATE EXTENSION hstore')).rejects.toMatchObject(
      notListed('hstore'),
    );
    const hidden = "DO $$ BEGIN EXECUTE 'CREATE EXTENSION hstore'; END $$";
    await expect(as('operator', { options: '-c azure.extensions=hstore' })(hidden)).rejects.toMatchObject(
      notListed('hstore'),
    );
    await expect(as('operator')('CREATE EXTENSION pgcrypto; CREATE EXTENSION hstore')).rejects.toMatchObject(
      notListed('hstore'),
    );
    expect(await installed()).toEqual([]);
  });

  it.each([
    ['postgres', 'postgres'],
    ['made of template1', 'of_one'],
    ['made of template0', 'of_zero'],
  ])('are refused in each database: %s', async (_what, database) => {
    if (database === 'of_one') await as('operator')('CREATE DATABASE of_one');
    if (database === 'of_zero') await as('operator')('CREATE DATABASE of_zero TEMPLATE template0');
    const here = as('operator', { database });
    await expect(here('CREATE EXTENSION hstore')).rejects.toMatchObject(notListed('hstore'));
    await here('CREATE EXTENSION pgcrypto', 'DROP EXTENSION pgcrypto');
  });

  it('that PostgreSQL does not trust are left to the superuser, also those on no list', async () => {
    await test.server.query('CREATE EXTENSION hstore; CREATE EXTENSION pg_buffercache');
    expect((await installed()).sort()).toEqual(['hstore', 'pg_buffercache']);
    await as('operator')('CREATE EXTENSION pgcrypto', 'DROP EXTENSION pgcrypto');
    await expect(
      as('operator')('CREATE EXTENSION "uuid-ossp"', 'CREATE EXTENSION dblink'),
    ).rejects.toMatchObject({
      code: '42501',
      message: 'permission denied to create extension "dblink"',
    });
    await test.server.query(
      'DROP EXTENSION hstore; DROP EXTENSION pg_buffercache; DROP EXTENSION "uuid-ossp"',
    );
  });
});
