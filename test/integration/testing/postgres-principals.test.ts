import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource } from 'nestjs-entra-auth';
import pg from 'pg';
import { startLocalEntra, type LocalClient, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, postgres } from './local-entra.fixture.js';

const guestName = 'ada_fabrikam.com#EXT#@contoso.onmicrosoft.com';
const groupId = 'dddddddd-1111-4111-8111-111111111111';

describe('Roles of the local PostgreSQL', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      additionalClients: [{ name: "it's a job" }, { name: 'plain' }, { name: 'deployer' }],
      users: [
        { name: 'Ada', userPrincipalName: guestName },
        { name: 'Ben', userPrincipalName: 'ben@contoso.example' },
      ],
      groups: [{ name: 'Data Team', objectId: groupId, members: ['nora@contoso.example', 'plain'] }],
      postgres: {
        roles: [{ name: 'notes-app', objectId: 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb', rights: 'admin' }],
      },
    });
  });
  afterAll(() => entra.stop());

  const clientNamed = (name: string): LocalClient => {
    const found = entra.additionalClients.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no client "${name}".`);
    return found;
  };
  const tokenOf = async (client?: LocalClient) =>
    (await entra.credential(client).getToken(`${postgres}/.default`)).token;
  const tokenOfUser = (userPrincipalName: string) => {
    const user = entra.users.find((one) => one.userPrincipalName === userPrincipalName);
    const scope = `${postgres}/user_impersonation`;
    const refresh_token = entra.refreshTokens.issue({ user: user ?? {}, scopes: [scope] });
    return accessToken(askForToken(entra, { grant_type: 'refresh_token', refresh_token, scope }));
  };
  const session = async <T>(
    options: { user: string; password: string; database?: string },
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> => {
    const { host, port, database } = entra.postgres;
    const client = new pg.Client({
      host,
      port,
      database,
      ...options,
      ssl: { ca: entra.certificateAuthority },
    });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const login = async (user: string, password: string): Promise<string> =>
    session({ user, password }, async (client) => {
      const { rows } = await client.query<{ role: string }>('SELECT current_user AS role');
      return rows[0]?.role ?? '';
    });
  const asAdmin = async (sql: string, database = 'postgres') =>
    session(
      { user: 'notes-app', password: await tokenOf(), database },
      async (client) => (await client.query(sql)).rows as object[],
    );

  it('are made for principals by the functions of Azure, and log in then', async () => {
    const job = clientNamed("it's a job");
    expect(await asAdmin("SELECT pgaadauth_create_principal('it''s a job', false, false) AS made")).toEqual([
      { made: 'Created role for "it\'s a job"' },
    ]);
    expect(await login("it's a job", await tokenOf(job))).toBe("it's a job");
    await expect(login("it's a job", await tokenOf())).rejects.toMatchObject({ code: '28P01' });
    expect(await asAdmin('SELECT * FROM pg_catalog.pgaadauth_list_principals(false)')).toContainEqual({
      rolname: "it's a job",
      principaltype: 'service',
      objectid: job.objectId,
      tenantid: entra.tenantId,
      ismfa: 0,
      isadmin: 0,
    });
    expect(await asAdmin('SELECT rolname FROM pgaadauth_list_principals(true)')).toEqual([
      { rolname: 'notes-app' },
    ]);
  });

  it('made so are plain users, and only administrators make them', async () => {
    const plain = clientNamed('plain');
    await asAdmin(
      `SELECT pgaadauth_create_principal_with_oid('of-a-script', '${plain.objectId}', 'service', false, false)`,
    );
    const refused = async (sql: string, database = 'app') =>
      session({ user: 'of-a-script', password: await tokenOf(plain), database }, (client) =>
        client.query(sql),
      );
    const denied = { code: '42501' };
    await expect(refused('CREATE TABLE public.t (id int)')).rejects.toMatchObject(denied);
    await expect(refused('CREATE EXTENSION pgcrypto')).rejects.toMatchObject(denied);
    await expect(
      refused("SELECT pgaadauth_create_principal('plain', true, false)", 'postgres'),
    ).rejects.toMatchObject(denied);
    await expect(refused("CALL pgaadauth_set_label('of-a-script', NULL)")).rejects.toMatchObject(denied);
  });

  it('made as administrators create no extension that is not on the list, which is empty', async () => {
    await expect(asAdmin('CREATE EXTENSION pgcrypto', 'app')).rejects.toMatchObject({
      code: '0A000',
      message: 'extension "pgcrypto" is not allow-listed for users in Azure Database for PostgreSQL',
    });
    expect(await asAdmin('SHOW azure.extensions')).toEqual([{ 'azure.extensions': '' }]);
  });

  it('are refused for a name that the tenant does not have', async () => {
    await expect(asAdmin("SELECT pgaadauth_create_principal('nobody', false, false)")).rejects.toMatchObject({
      code: '22023',
      message: 'Could not validate AAD user nobody because its name is not found in the tenant.',
    });
  });

  it('made as administrators make and drop others, and a role made anew is the new principal’s', async () => {
    const deployer = clientNamed('deployer');
    const [job, plain] = [clientNamed("it's a job"), clientNamed('plain')];
    await asAdmin("SELECT pgaadauth_create_principal('deployer', true, false)");
    const create = (oid: string) =>
      `SELECT pgaadauth_create_principal_with_oid('report', '${oid}', 'service', false, false)`;
    const deploy = async (sql: string) =>
      session({ user: 'deployer', password: await tokenOf(deployer), database: 'postgres' }, (client) =>
        client.query(sql),
      );
    await deploy(create(job.objectId));
    expect(await login('report', await tokenOf(job))).toBe('report');
    await deploy('DROP ROLE report');
    await expect(login('report', await tokenOf(job))).rejects.toMatchObject({ code: '28P01' });
    await deploy(create(plain.objectId));
    expect(await login('report', await tokenOf(plain))).toBe('report');
    await deploy(
      `SELECT pgaadauth_update_principal_with_oid('report', '${job.objectId}', 'service', false, false)`,
    );
    expect(await login('report', await tokenOf(job))).toBe('report');
  });

  it.each(['app', 'postgres'])(
    'are bound to principals by security labels in database %s',
    async (database) => {
      const { objectId } = clientNamed('plain');
      const name = `labelled ${database}`;
      const label = (suffix = '') =>
        `SECURITY LABEL FOR "pgaadauth" ON ROLE "${name}"\n  IS 'aadauth,oid=${objectId},type=service${suffix}'`;
      await asAdmin(`CREATE ROLE "${name}" LOGIN; ${label()};`, database);
      expect(await login(name, await tokenOf(clientNamed('plain')))).toBe(name);
      expect(await asAdmin(`SELECT label FROM pg_shseclabel WHERE objoid = '"${name}"'::regrole`)).toEqual([
        { label: `aadauth,oid=${objectId},type=service` },
      ]);
      await expect(asAdmin(label(',wrong'), database)).rejects.toMatchObject({ code: '22023' });
      await session(
        { user: 'notes-app', password: await tokenOf(), database },
        // With values the extended protocol is used.
        (client) => client.query({ name: 'prepared', text: label(), values: [] }),
      );
      await entra.postgres.query(`SECURITY LABEL FOR pgaadauth ON ROLE "${name}" IS NULL`);
      await expect(login(name, await tokenOf(clientNamed('plain')))).rejects.toMatchObject({ code: '28P01' });
    },
  );

  it('of the options follow a label, too', async () => {
    const role = { name: 'moved', objectId: clientNamed('plain').objectId };
    await entra.postgres.createRole(role);
    const job = clientNamed("it's a job");
    await asAdmin(`SECURITY LABEL FOR pgaadauth ON ROLE moved IS 'aadauth,oid=${job.objectId},type=service'`);
    expect(await login('moved', await tokenOf(job))).toBe('moved');
    await expect(login('moved', await tokenOf(clientNamed('plain')))).rejects.toMatchObject({
      code: '28P01',
    });
  });

  it('are made by the SQL that a refused login prints', async () => {
    const plain = clientNamed('plain');
    const { host, port, database } = entra.postgres;
    const open = async () => {
      const dataSource = await createEntraDataSource({
        credential: entra.credential(plain),
        dataSource: {
          ...({ type: 'postgres', host, port, database, username: 'printed' } as const),
          ssl: { ca: entra.certificateAuthority },
        },
      });
      return dataSource.initialize();
    };
    const refused = await open().then(
      () => undefined,
      (error: Error) => error.message,
    );
    const [sql = ''] = /select \* from pgaadauth_\w+\(.*\);/.exec(refused ?? '') ?? [];
    expect(sql).toContain(plain.objectId);
    await asAdmin(sql);
    const dataSource = await open();
    expect(await dataSource.query('SELECT current_user AS role')).toEqual([{ role: 'printed' }]);
    await dataSource.destroy();
  });

  describe('of people', () => {
    beforeAll(() => asAdmin("SELECT pgaadauth_create_principal('nora@contoso.example', false, false)"));

    it('take the token of that person, and none of an application', async () => {
      const nora = 'nora@contoso.example';
      expect(await login(nora, await tokenOfUser(nora))).toBe(nora);
      await expect(login(nora, await tokenOf())).rejects.toMatchObject({
        code: '28000',
        message: `Microsoft Entra user token for role "${nora}" is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.`,
      });
      await expect(login('notes-app', await tokenOfUser(nora))).rejects.toMatchObject({
        code: '28000',
        message: 'Service principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role "notes-app"',
      });
      expect(entra.postgres.logins.refusedBy).toMatchObject({
        'token-of-application': 1,
        'token-of-user': 1,
      });
    });

    it('have the #EXT# name of a guest, whose tokens name her at home', async () => {
      await asAdmin(`SELECT pgaadauth_create_principal('${guestName}', false, false)`);
      const token = await tokenOfUser(guestName);
      const claims = entra.verifyToken(token, { audience: postgres });
      expect(claims).toMatchObject({ unique_name: 'ada@fabrikam.com', email: 'ada@fabrikam.com' });
      expect(claims).not.toHaveProperty('upn');
      expect(claims['idp']).not.toBe(claims.iss);
      expect(await login(guestName, token)).toBe(guestName);
      await expect(login('ada@fabrikam.com', token)).rejects.toMatchObject({ code: '28P01' });
    });
  });

  it('of a group are those of its members, who give its name', async () => {
    await asAdmin("SELECT pgaadauth_create_principal('Data Team', false, false)");
    expect(await login('Data Team', await tokenOfUser('nora@contoso.example'))).toBe('Data Team');
    expect(await login('Data Team', await tokenOf(clientNamed('plain')))).toBe('Data Team');
    const strangers = [await tokenOfUser('ben@contoso.example'), await tokenOf()];
    for (const token of strangers) {
      await expect(login('Data Team', token)).rejects.toMatchObject({ code: '28P01' });
    }
    expect(entra.groups).toEqual([expect.objectContaining({ name: 'Data Team', objectId: groupId })]);
  });

  describe('that refuse a login by the library', () => {
    const refusal = async (username: string, person: string): Promise<string> => {
      const { host, port, database } = entra.postgres;
      const token = await tokenOfUser(person);
      const expiresOnTimestamp = Date.now() + 600_000;
      const dataSource = await createEntraDataSource({
        credential: { getToken: () => Promise.resolve({ token, expiresOnTimestamp }) },
        dataSource: {
          ...({ type: 'postgres', host, port, database, username } as const),
          ssl: { ca: entra.certificateAuthority },
        },
      });
      return dataSource.initialize().then(
        () => 'not refused',
        (error: Error) => error.message,
      );
    };

    it('let a guest know that her role has another name than she signs in with', async () => {
      const message = await refusal('ada@fabrikam.com', guestName);
      expect(message).toContain(`"ada_fabrikam.com#EXT#@`);
      expect(message).toContain('guest');
      expect(message).not.toMatch(/pgaadauth|select/i);
    });

    it('send who is not in the group of a role to its owner', async () => {
      const message = await refusal('Data Team', 'ben@contoso.example');
      expect(message).toContain('check that the user is a member of it');
      expect(message).not.toMatch(/pgaadauth|select/i);
    });
  });
});
