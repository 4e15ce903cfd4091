import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { postgres } from './local-entra.fixture.js';

describe('Roles of the local PostgreSQL', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      additionalClients: [{ name: "it's a job" }, { name: 'plain' }],
      postgres: {
        roles: [{ name: 'notes-app', objectId: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb', rights: 'admin' }],
      },
    });
  });
  afterAll(() => entra.stop());

  const session = async <T>(
    options: { user: string; client?: LocalEntra['client'] | undefined; database?: string },
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> => {
    const { host, port, database } = entra.postgres;
    const { token } = await entra.credential(options.client).getToken(`${postgres}/.default`);
    const client = new pg.Client({
      ...{ host, port, user: options.user, database: options.database ?? database, password: token },
      ssl: { ca: entra.certificateAuthority },
    });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const asAdmin = (sql: string) =>
    session(
      { user: 'notes-app', database: 'postgres' },
      async (client) => (await client.query(sql)).rows as object[],
    );

  it('are made for principals by the functions of Azure, and log in then', async () => {
    const [job] = entra.additionalClients;
    expect(await asAdmin("SELECT pgaadauth_create_principal('it''s a job', false, false) AS made")).toEqual([
      { made: 'Created role for "it\'s a job"' },
    ]);
    const { rows } = await session({ user: "it's a job", client: job }, (client) =>
      client.query('SELECT current_user AS role'),
    );
    expect(rows).toEqual([{ role: "it's a job" }]);
    await expect(session({ user: "it's a job" }, () => Promise.resolve())).rejects.toMatchObject({
      code: '28P01',
    });
    expect(
      await asAdmin('SELECT rolname, objectid, isadmin FROM pgaadauth_list_principals(false)'),
    ).toContainEqual({
      ...{ rolname: "it's a job", objectid: job?.objectId, isadmin: false },
    });
  });

  it('made so are plain users, and only administrators make them', async () => {
    const plain = entra.additionalClients[1];
    await asAdmin(
      `SELECT pgaadauth_create_principal_with_oid('of-a-script', '${plain?.objectId}', 'service', false, false)`,
    );
    const as = { user: 'of-a-script', client: plain };
    const refused = (sql: string, database?: string) =>
      session({ ...as, ...(database !== undefined && { database }) }, (client) => client.query(sql));
    const denied = { code: '42501' };
    await expect(refused('CREATE TABLE public.t (id int)')).rejects.toMatchObject(denied);
    await expect(refused('CREATE EXTENSION pgcrypto')).rejects.toMatchObject(denied);
    await expect(
      refused("SELECT pgaadauth_create_principal('plain', true, false)", 'postgres'),
    ).rejects.toMatchObject(denied);
  });

  it('are made for nobody whom the tenant does not know', async () => {
    await expect(asAdmin("SELECT pgaadauth_create_principal('nobody', false, false)")).rejects.toMatchObject({
      code: '22023',
      message: expect.stringContaining('"nobody"'),
    });
  });
});
