import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { LoginFault } from '../../../lib/testing/index.js';
import { startTestServer, type TestServer } from './postgres.fixture.js';

describe('a login at the local PostgreSQL that goes wrong', () => {
  let test: TestServer;

  beforeAll(async () => {
    test = await startTestServer({ pooler: true, loginTimeoutInMs: 2_000 });
  });
  afterEach(() => test.server.failLogins(undefined));
  afterAll(() => test.stop());

  it.each<[string, LoginFault, object]>([
    ['a failover', { kind: 'starting-up' }, { code: '57P03' }],
    ['a standby', { kind: 'read-only' }, { code: '25006' }],
    ['too many clients', { kind: 'too-many-connections' }, { code: '53300' }],
    [
      "the server's own words",
      { kind: 'refuse', sqlState: '28000', message: 'no such principal' },
      { code: '28000', message: 'no such principal' },
    ],
    ['a cut connection', { kind: 'cut' }, { message: expect.stringMatching(/terminated|ECONNRESET/) }],
  ])('meets %s as often as it is told to', async (_what, fault, error) => {
    test.server.failLogins(fault, { times: 2 });
    expect(await test.refusal(test.token())).toMatchObject(error);
    expect(await test.refusal(test.token())).toMatchObject(error);
    await expect(test.session((client) => client.query('SELECT 1'))).resolves.toBeDefined();
  });

  it('is answered late, or not before its deadline', async () => {
    test.server.failLogins({ kind: 'delay', inMs: 50 });
    await expect(test.session((client) => client.query('SELECT 1'))).resolves.toBeDefined();
    test.server.failLogins({ kind: 'delay', inMs: 60_000 });
    expect(await test.refusal(test.token())).toMatchObject({
      message: expect.stringContaining('terminated'),
    });
  });

  it('counts only whole numbers', () => {
    expect(() => test.server.failLogins({ kind: 'cut' }, { times: 0 })).toThrow('"times"');
  });

  describe('through the pooler', () => {
    const pooled = () => ({ port: test.server.poolerPort });
    const long = () => test.token({ claims: { groups: Array<string>(60).fill('a'.repeat(36)) } });

    it('works with a short token', async () => {
      const { rows } = await test.session((client) => client.query('SELECT current_user'), pooled());
      expect(rows).toEqual([{ current_user: test.server.username }]);
    });

    it('is refused with SQLSTATE 08P01, also for a token that the pooler has cut', async () => {
      const refused = { code: '08P01', message: 'password authentication failed' };
      expect(await test.refusal('secret', pooled())).toMatchObject(refused);
      expect(long().length).toBeGreaterThan(2047);
      expect(await test.refusal(long(), pooled())).toMatchObject(refused);
      await expect(
        test.session((client) => client.query('SELECT 1'), { password: long() }),
      ).resolves.toBeDefined();
    });
  });

  it('has a pooler only when it is asked for', async () => {
    const without = await startTestServer();
    expect(() => without.server.poolerPort).toThrow('{ postgres: { pooler: true } }');
    await without.stop();
  });
});
