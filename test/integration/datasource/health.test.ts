import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntraDataSourceHealthIndicator } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import {
  createDataSourceFactory,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});

afterAll(() => entra.stop());

function createIndicator(username?: string) {
  const clock = new ManualClock();
  const dataSource = { ...localDataSource(entra), ...(username === undefined ? {} : { username }) };
  const setup = createDataSourceFactory({ credential: new HandMadeCredential(entra), dataSource, clock });
  return { clock, ...setup, indicator: new EntraDataSourceHealthIndicator(setup.factory, clock) };
}

describe('EntraDataSourceHealthIndicator', () => {
  it('makes a login of its own, and leaves no connection behind', async () => {
    const { indicator, logins } = createIndicator();
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
    expect(logins).toHaveLength(1);
    const rows = await entra.postgres.query('select 1 from pg_stat_activity where usename = $1', [
      entra.client.name,
    ]);
    expect(rows).toEqual([]);
  });

  it('makes one login for any number of probes within five seconds', async () => {
    const { indicator, logins, clock } = createIndicator();
    await Promise.all(Array.from({ length: 50 }, () => indicator.isHealthy('database')));
    await clock.advance(4_999);
    await indicator.isHealthy('database');
    expect(logins).toHaveLength(1);
    await clock.advance(1);
    await indicator.isHealthy('database');
    expect(logins).toHaveLength(2);
  });

  it('is down with the reason when a new login does not work', async () => {
    const { indicator } = createIndicator('nobody-knows-me');
    const { database } = await indicator.isHealthy('database');
    expect(database.status).toBe('down');
    expect(database.message).toMatch(/"nobody-knows-me".*pgaadauth_create_principal/);
  });

  it('is down, not silent, when the server does not answer', async () => {
    const { indicator } = createIndicator();
    entra.postgres.pause();
    try {
      expect(await indicator.isHealthy('database', { timeoutInMs: 100 })).toMatchObject({
        database: { status: 'down' },
      });
    } finally {
      entra.postgres.resume();
    }
  });

  it('is down when there is no such data source', async () => {
    const { indicator } = createIndicator();
    const { database } = await indicator.isHealthy('database', { name: 'other' });
    expect(database).toMatchObject({ status: 'down', message: expect.stringContaining('"other"') });
  });
});
