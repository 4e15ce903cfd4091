import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import { ConnectionLifetime } from '../../../lib/postgres/connection-lifetime.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';
import { ManualClock } from '../../../lib/testing/manual-clock.js';

describe('the life of a connection', () => {
  it.each([
    [0, 60_000],
    [0.5, 57_000],
    [1, 54_000],
  ])('ends up to a tenth early: by chance %p of 60 s after %p ms', async (chance, endsAfterMs) => {
    const clock = new ManualClock();
    clock.setRandom(chance);
    let ended = 0;
    new ConnectionLifetime(clock, 60_000).begin({}, () => ended++);
    await clock.advance(endsAfterMs - 1);
    expect(ended).toBe(0);
    await clock.advance(1);
    expect(ended).toBe(1);
  });

  it('leaves no timer when the connection is gone before', () => {
    const clock = new ManualClock();
    const lifetime = new ConnectionLifetime(clock, 60_000);
    const connection = {};
    lifetime.begin(connection, () => undefined);
    expect(clock.pendingTimers).toBe(1);
    lifetime.end(connection);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps no process alive', () => {
    let unrefs = 0;
    const clock = {
      now: () => 0,
      random: () => 0,
      setTimeout: () => ({ unref: () => unrefs++ }),
      clearTimeout: () => undefined,
    };
    new ConnectionLifetime(clock, 60_000).begin({}, () => undefined);
    expect(unrefs).toBe(1);
  });
});

describe('the option maxConnectionLifetimeInMs', () => {
  const resolve = (maxConnectionLifetimeInMs: unknown) =>
    resolveDataSources({
      type: 'postgres',
      host: 'db.example',
      username: 'app',
      database: 'app',
      maxConnectionLifetimeInMs,
    }).get('default');

  it('is not handed on to TypeORM', () => {
    expect(resolve(60_000)?.maxConnectionLifetimeInMs).toBe(60_000);
    expect(resolve(60_000)?.typeOrmOptions).not.toHaveProperty('maxConnectionLifetimeInMs');
    expect(resolve(undefined)).toMatchObject({ maxConnectionLifetimeInMs: undefined });
  });

  it.each([[999], [0], [-1], [2 ** 31], [Number.NaN], ['60000'], [null]])('cannot be %p', (value) => {
    expect(() => resolve(value)).toThrow(EntraOptionsError);
    expect(() => resolve(value)).toThrow(
      /"dataSource\.maxConnectionLifetimeInMs".*milliseconds from 1000 to 2147483647/,
    );
  });
});
