import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import type { LoginEvent } from '../../../lib/testing/postgres/index.js';
import {
  APP_ROLE,
  startTestServer,
  strangerKey,
  type TestServer,
  type TokenWishes,
} from './postgres.fixture.js';

const OTHER = { name: 'Other "Team" é', objectId: '0B0B0B0B-0000-4000-8000-00000000000B' };

const DEPLOYER = { name: 'deployer', objectId: '0d0d0d0d-0000-4000-8000-00000000000d' };

describe('a login to the local PostgreSQL', () => {
  const events: LoginEvent[] = [];
  let test: TestServer;

  beforeAll(async () => {
    test = await startTestServer({ roles: [APP_ROLE, OTHER], onLogin: (event) => events.push(event) });
  });

  afterAll(() => test.stop());

  it('is accepted with a valid token of the role', async () => {
    const accepted = test.server.logins.accepted;
    const rows = await test.session((client) =>
      client.query('SELECT current_user AS role, current_database() AS db'),
    );
    expect(rows.rows).toEqual([{ role: APP_ROLE.name, db: 'app' }]);
    expect(test.server.logins.accepted).toBe(accepted + 1);
    expect(test.server.logins.minRemainingLifeInSeconds).toBeCloseTo(3599.5, -1);
    expect(events.at(-1)).toEqual({
      role: APP_ROLE.name,
      outcome: 'accepted',
      tokenExpiresAt: expect.any(Date),
    });
  });

  it('matches the object id in any case and the role name exactly', async () => {
    const password = test.token({ claims: { oid: OTHER.objectId.toLowerCase() } });
    const names = await test.session((client) => client.query('SELECT current_user'), {
      user: OTHER.name,
      password,
    });
    expect(names.rows).toEqual([{ current_user: OTHER.name }]);
    const refused = await test.refusal(password, { user: OTHER.name.toLowerCase() });
    expect(refused.code).toBe('28P01');
  });

  const refusals: [
    reason: keyof TestServer['server']['logins']['refusedBy'],
    TokenWishes,
    message: RegExp,
  ][] = [
    [
      'expired',
      { lifeInSeconds: -1 },
      /^The access token has expired\. Acquire a new token and try again\.$/,
    ],
    ['not-yet-valid', { startsInSeconds: 60 }, /not yet valid/],
    ['audience', { claims: { aud: 'https://graph.microsoft.com' } }, /doesn't have a valid audience claim/],
    ['tenant', { claims: { tid: '99999999-2222-4333-8444-555555555555' } }, /another tenant/],
    ['signature', { key: strangerKey }, /signature/],
    [
      'wrong-principal',
      { claims: { oid: OTHER.objectId } },
      /^password authentication failed for user "app-identity"$/,
    ],
  ];

  it.each(refusals)('is refused for a token of the kind: %s', async (reason, wishes, message) => {
    const before = test.server.logins.refusedBy[reason];
    const token = test.token(wishes);
    const error = await test.refusal(token);
    expect({ code: error.code, severity: error.severity }).toEqual({ code: '28P01', severity: 'FATAL' });
    expect(error.message).toMatch(message);
    expect(test.server.logins.refusedBy[reason]).toBe(before + 1);
    expect(events.at(-1)).toMatchObject({ role: APP_ROLE.name, outcome: 'refused', reason });
  });

  it.each(['not a token', 'a.b.c', 'x'.repeat(7000)])(
    'is refused for a malformed password (%#)',
    async (password) => {
      const error = await test.refusal(password);
      expect(error).toMatchObject({ code: '28P01', message: expect.stringContaining('invalid format') });
      expect(test.server.logins.refusedBy.malformed).toBeGreaterThan(0);
    },
  );

  it('is refused for a role that no principal has, and for the superuser', async () => {
    for (const user of ['nobody-knows', 'azuresu']) {
      const error = await test.refusal(test.token(), { user });
      expect(error).toMatchObject({
        code: '28P01',
        message: `password authentication failed for user "${user}"`,
      });
    }
    expect(test.server.logins.refusedBy['unknown-role']).toBeGreaterThan(1);
  });

  it('is answered by the database itself once the token is accepted', async () => {
    await expect(test.refusal(test.token(), { database: 'missing' })).resolves.toMatchObject({
      code: '3D000',
    });
  });

  it('takes a token of 7,000 characters', async () => {
    const password = test.token({ claims: { groups: 'g'.repeat(5000) } });
    expect(password.length).toBeGreaterThan(7000);
    await expect(test.session((client) => client.query('SELECT 1'), { password })).resolves.toMatchObject({
      rowCount: 1,
    });
  });

  it('does not end when its token expires, but a new one needs a new token', async () => {
    const password = test.token({ lifeInSeconds: 600 });
    const early = new pg.Client(test.client(password));
    await early.connect();
    test.clock.advance(601);
    await expect(early.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
    await expect(test.refusal(password)).resolves.toMatchObject({ code: '28P01' });
    await expect(early.query('SELECT 2 AS two')).resolves.toMatchObject({ rows: [{ two: 2 }] });
    await expect(test.session((client) => client.query('SELECT 3 AS three'))).resolves.toMatchObject({
      rowCount: 1,
    });
    await early.end();
  });

  it('records the shortest life that an accepted token had left', async () => {
    await test.session(() => Promise.resolve(), { password: test.token({ lifeInSeconds: 42 }) });
    expect(test.server.logins.minRemainingLifeInSeconds).toBeLessThanOrEqual(42);
    expect(test.server.logins.minRemainingLifeInSeconds).toBeGreaterThan(30);
  });

  it('is refused for a token that was revoked, one or all', async () => {
    const [first, second] = [test.token(), test.token()];
    await test.session(() => Promise.resolve(), { password: second });
    test.server.revoke(first);
    await expect(test.refusal(first)).resolves.toMatchObject({ code: '28P01' });
    await test.session(() => Promise.resolve(), { password: second });
    test.server.revokeAll();
    await expect(test.refusal(second)).resolves.toMatchObject({ code: '28P01' });
    await test.session(() => Promise.resolve());
    expect(test.server.logins.refusedBy.revoked).toBe(2);
  });

  it('is possible for a role that was added, and follows a principal that was made anew', async () => {
    const password = (oid: string): string => test.token({ claims: { oid } });
    const [old, anew] = ['0c0c0c0c-0000-4000-8000-000000000001', '0c0c0c0c-0000-4000-8000-000000000002'];
    await test.server.createRole({ name: 'late', objectId: old });
    await test.session(() => Promise.resolve(), { user: 'late', password: password(old) });
    await test.server.createRole({ name: 'late', objectId: anew });
    await test.session(() => Promise.resolve(), { user: 'late', password: password(anew) });
    await expect(test.refusal(password(old), { user: 'late' })).resolves.toMatchObject({ code: '28P01' });
  });

  it('never puts a token into an event, an error or a counter', async () => {
    const token = test.token({ lifeInSeconds: -1 });
    const error = await test.refusal(token);
    const written = JSON.stringify([events, error, error.message, test.server.logins]);
    expect(written).not.toContain(token.slice(0, 20));
    expect(written).not.toContain('eyJ');
  });

  it('lets a role create nothing, unless it has the right to run migrations', async () => {
    const create = async (client: pg.Client): Promise<void> => {
      await client.query('CREATE TABLE note (id int, text text)');
      await client.query(`INSERT INTO note (text) VALUES ('first')`);
      await client.query('CREATE SCHEMA own');
    };
    await expect(test.session(create)).rejects.toMatchObject({ code: '42501' });
    await expect(test.session((client) => client.query('CREATE SCHEMA own'))).rejects.toMatchObject({
      code: '42501',
    });
    await test.server.createRole({ ...DEPLOYER, rights: 'migrations' });
    const password = test.token({ claims: { oid: DEPLOYER.objectId } });
    await test.session(create, { user: DEPLOYER.name, password });
    await expect(test.server.query<{ text: string }>('SELECT text FROM note')).resolves.toEqual([
      { text: 'first' },
    ]);
  });
});
