import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { EntraDataSourceHealthIndicator, type UnverifiedDataSourceOptions } from 'nestjs-entra-auth';
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

function setUp(more: object) {
  const clock = new ManualClock();
  const dataSource = { ...localDataSource(entra), ...more };
  const setup = createDataSourceFactory({ credential: new HandMadeCredential(entra), dataSource, clock });
  return { ...setup, indicator: new EntraDataSourceHealthIndicator(setup.dataSources, clock) };
}

/** The lines that were logged as warnings meanwhile. */
async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  try {
    await run();
    return warn.mock.calls.map(([line]) => String(line));
  } finally {
    warn.mockRestore();
  }
}

const open = { dangerouslySendTokenWithoutVerifiedTls: true } as const;
const unverified: Pick<UnverifiedDataSourceOptions, 'ssl' | 'dangerouslySendTokenWithoutVerifiedTls'> = {
  ...open,
  ssl: { rejectUnauthorized: false },
};

describe('a data source whose guard is open', () => {
  it('is reported at start-up, once, with the host and the option', async () => {
    const { factory } = setUp(unverified);
    const warnings = await warningsOf(async () => {
      await factory.createTypeOrmOptions();
      await factory.createTypeOrmOptions();
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /"default".*unverified servers: localhost:\d+\..*dangerouslySendTokenWithoutVerifiedTls/,
      ),
    ]);
  });

  it('is not reported when its servers are verified all the same', async () => {
    expect(await warningsOf(() => setUp(open).factory.createTypeOrmOptions())).toEqual([]);
  });

  it('shows it in the health details, up and down', async () => {
    expect(await setUp(unverified).indicator.isHealthy('database')).toMatchObject({
      database: { status: 'up', verifiedTls: false },
    });
    expect(await setUp({ ...open, ssl: false }).indicator.isHealthy('database')).toMatchObject({
      database: { status: 'down', verifiedTls: false },
    });
    for (const verified of [{}, open]) {
      const { database } = await setUp(verified).indicator.isHealthy('database');
      expect(database.status).toBe('up');
      expect(database).not.toHaveProperty('verifiedTls');
    }
  });

  it('keeps its own option from TypeORM', async () => {
    const made = await setUp(open).factory.createTypeOrmOptions();
    expect(made).not.toHaveProperty('dangerouslySendTokenWithoutVerifiedTls');
  });
});

describe('a probe of a data source', () => {
  it('speaks TLS as the pool does', async () => {
    const { indicator } = setUp({ extra: { sslnegotiation: 'direct' } });
    expect(await indicator.isHealthy('database')).toMatchObject({ database: { status: 'up' } });
  });
});

describe('the driver that TypeORM is given', () => {
  it('has no native part, which would take the source of the password function for the password', async () => {
    const { driver } = (await setUp({}).factory.createTypeOrmOptions()) as unknown as { driver: object };
    expect('native' in driver).toBe(false);
  });
});
