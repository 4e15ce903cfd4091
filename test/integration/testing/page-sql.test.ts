import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import pg from 'pg';

import { repositoryRoot } from '../../support/build.js';

const page = await readFile(join(repositoryRoot, 'docs/deploy.md'), 'utf8');
const blocks = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql = '']) => sql);
const [roleAndGrants = '', byObjectId = ''] = blocks;
const scope = 'https://ossrdbms-aad.database.windows.net/.default';

describe('the SQL of docs/deploy.md, on PostgreSQL', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      additionalClients: [{ name: 'my-app' }, { name: 'by-object-id' }],
      postgres: {
        roles: [{ name: 'admin', objectId: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb', rights: 'admin' }],
      },
    });
    await run('admin', 'postgres', 'create database notes');
  });
  afterAll(() => entra.stop());

  /** Runs SQL as whom the token is for. */
  async function run(user: string, database: string, sql: string): Promise<void> {
    const client = entra.additionalClients.find(({ name }) => name === user);
    const { token: password } = await entra.credential(client).getToken(scope);
    const { host, port } = entra.postgres;
    const ssl = { ca: entra.certificateAuthority };
    const connection = new pg.Client({ host, port, database, user, password, ssl });
    await connection.connect();
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  }

  it('is in two blocks', () => {
    expect(blocks).toHaveLength(2);
  });

  it('makes the role of the application, which may then create a table of its own', async () => {
    const [inPostgres = '', inNotes = ''] = roleAndGrants.split(/^-- in the database of the application$/m);
    await expect(run('my-app', 'notes', 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await run('admin', 'postgres', inPostgres);
    await expect(run('my-app', 'notes', 'create table note (id int)')).rejects.toMatchObject({
      code: '42501',
    });
    await run('admin', 'notes', inNotes);
    await run('my-app', 'notes', 'create table note (id int)');
  });

  it('binds a role to the object id that it names', async () => {
    const client = entra.additionalClients.find(({ name }) => name === 'by-object-id');
    const sql = byObjectId
      .replace("'my-app'", "'by-object-id'")
      .replace('11111111-2222-3333-4444-555555555555', client?.objectId ?? '');
    await run('admin', 'postgres', sql);
    await run('by-object-id', 'notes', 'select 1');
  });
});
