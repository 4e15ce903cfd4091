import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, graph, postgres, send } from './local-entra.fixture.js';

describe('A local Entra with PostgreSQL', () => {
  let entra: LocalEntra;
  let elapsed = 0;

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: true, clock: { now: () => Date.now() + elapsed } });
  });
  afterAll(() => entra.stop());

  const logIn = async (password: string) => {
    const { host, port, database, username: user } = entra.postgres;
    const ssl = { ca: entra.certificateAuthority };
    const client = new pg.Client({ host, port, database, user, password, ssl });
    await client.connect();
    const { rows } = await client.query<{ name: string }>('select current_user as name');
    await client.end();
    return rows[0]?.name;
  };

  it('lets the first client in, as an application and as a managed identity', async () => {
    expect(await logIn(await accessToken(askForToken(entra, { scope: `${postgres}/.default` })))).toBe(
      'notes-app',
    );
    const imds = `${entra.imdsUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${postgres}`;
    expect(await logIn(await accessToken(send(entra, imds, { headers: { metadata: 'true' } })))).toBe(
      'notes-app',
    );
  });

  it('revokes every token that was issued, also unused ones, and takes the next one', async () => {
    const scope = `${postgres}/.default`;
    const [used, unused] = [
      await accessToken(askForToken(entra, { scope })),
      await accessToken(askForToken(entra, { scope })),
    ];
    await logIn(used);
    elapsed += 1_000;
    entra.postgres.revokeAll();
    for (const token of [used, unused]) await expect(logIn(token)).rejects.toMatchObject({ code: '28P01' });
    expect(await logIn(await accessToken(askForToken(entra, { scope })))).toBe('notes-app');
  });

  it('refuses a token for Graph, an expired one and one of another tenant', async () => {
    const refused = [
      entra.issueToken({ audience: graph }),
      entra.issueToken({ audience: postgres, lifetimeInSeconds: -1 }),
      entra.issueToken({ audience: postgres, tenantId: 'ffffaaaa-5555-bbbb-6666-cccc7777dddd' }),
    ];
    for (const token of refused) await expect(logIn(token)).rejects.toMatchObject({ severity: 'FATAL' });
  });
});
