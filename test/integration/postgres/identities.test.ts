import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource, type EntraAuthModuleOptions } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import {
  createDataSourceFactory,
  databaseAudience,
  HandMadeCredential,
  localDataSource,
} from '../../support/local-database.js';

const hour = 3_600_000;
const tenants = ['aaaaaaaa-1111-4111-8111-111111111111', 'bbbbbbbb-2222-4222-8222-222222222222'];
const clock = new ManualClock();
let entras: LocalEntra[];
/** Who the servers let in or turned away, by tenant and role. */
const seen = new Map<string, { accepted: number; refused: number }>();

beforeAll(async () => {
  entras = await Promise.all(tenants.map(start));
});

afterAll(() => Promise.all(entras.map((entra) => entra.stop())));

/** A tenant with a server of its own and two principals. The server refuses a token of the other of each. */
async function start(tenantId: string): Promise<LocalEntra> {
  const entra = await startLocalEntra({
    tenantId,
    clock,
    additionalClients: [{ name: 'reporter' }],
    postgres: {
      onLogin: ({ role, outcome }) => {
        const key = `${tenantId}/${role}`;
        const counts = seen.get(key) ?? { accepted: 0, refused: 0 };
        counts[outcome]++;
        seen.set(key, counts);
      },
    },
  });
  const [reporter] = entra.additionalClients;
  await entra.postgres.createRole({ name: 'reporter', objectId: reporter?.objectId ?? '' });
  return entra;
}

/** A data source for each principal of each tenant, all of them in one module. */
function options(): { options: EntraAuthModuleOptions; credentials: HandMadeCredential[] } {
  const credentials: HandMadeCredential[] = [];
  const resources: NonNullable<EntraAuthModuleOptions['resources']> = {};
  const dataSource: Record<string, object> = {};
  for (const [index, entra] of entras.entries()) {
    for (const client of [entra.client, ...entra.additionalClients]) {
      const name = `${client.name}-${index}`;
      const credential = new HandMadeCredential(entra, { client }, clock.now);
      credentials.push(credential);
      // The same scope for all of them: only the credential tells them apart.
      resources[name] = { scopes: `${databaseAudience}/.default`, tenantId: entra.tenantId, credential };
      dataSource[name] = {
        ...localDataSource(entra),
        username: client.name,
        resource: name,
        poolSize: 4,
        extra: { maxUses: 1 },
      };
    }
  }
  return {
    options: { resources, clock, dataSource: dataSource as EntraAuthModuleOptions['dataSource'] & object },
    credentials,
  };
}

describe('four data sources of two tenants, each with an identity of its own', () => {
  it('never swap a token, many logins at a time, before and after two expiries', async () => {
    const { options: given, credentials } = options();
    const { factory, logins } = createDataSourceFactory(given);
    const names = Object.keys(given.dataSource ?? {});
    expect(names).toHaveLength(4);
    const dataSources = await Promise.all(
      names.map(async (name) =>
        new DataSource((await factory.createTypeOrmOptions(name)) as DataSourceOptions).initialize(),
      ),
    );
    const each = 12;
    for (let life = 0; life < 3; life++) {
      const users = await Promise.all(
        Array.from({ length: each * names.length }, async (_, n) => {
          const [row] = await dataSources[n % names.length]!.query<{ name: string }[]>(
            'select current_user as name',
          );
          return [names[n % names.length]!.replace(/-\d$/, ''), row?.name];
        }),
      );
      for (const [expected, actual] of users) expect(actual).toBe(expected);
      // One token each for each life, however many logins.
      expect(credentials.map(({ calls }) => calls)).toEqual([life + 1, life + 1, life + 1, life + 1]);
      await clock.advance(hour);
    }
    await Promise.all(dataSources.map((dataSource) => dataSource.destroy()));

    expect(logins.filter(({ outcome }) => outcome !== 'accepted')).toEqual([]);
    const everybody = tenants.flatMap((tenant) =>
      ['notes-app', 'reporter'].map((role) => `${tenant}/${role}`),
    );
    expect([...seen.keys()].sort()).toEqual(everybody.sort());
    const counts = [...seen.values()];
    for (const { accepted, refused } of counts) {
      expect(refused).toBe(0);
      // The others are TypeORM's own, when it starts.
      expect(accepted).toBeGreaterThanOrEqual(3 * each);
    }
    expect(counts.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(logins.length);
  });

  it('would be told from such that do', async () => {
    const [one, other] = entras as [LocalEntra, LocalEntra];
    const foreign = await createEntraDataSource({
      credential: new HandMadeCredential(other, {}, clock.now),
      dataSource: localDataSource(one),
      clock,
    });
    await expect(foreign.initialize()).rejects.toMatchObject({ code: 'ENTRA_LOGIN_REFUSED' });
    expect(seen.get(`${tenants[0]}/notes-app`)?.refused).toBeGreaterThan(0);
  });
});
