import { expect, it } from '@jest/globals';
import type { EntraDataSourceOptions } from 'nestjs-entra-auth';

import { createDataSourceFactory, databaseAudience } from '../../support/local-database.js';
import { jwt } from '../../support/tokens.js';

const expiresAt = Date.now() + 3_600_000;
const token = jwt({
  aud: databaseAudience,
  exp: expiresAt / 1000,
  oid: 'the-object-id',
  appid: 'the-application',
});

async function usernameBy(roleNameFromToken: unknown): Promise<unknown> {
  const { factory } = createDataSourceFactory({
    credential: { getToken: () => Promise.resolve({ token, expiresOnTimestamp: expiresAt }) },
    startup: 'lazy',
    dataSource: {
      type: 'postgres',
      host: 'db.example',
      database: 'notes',
      roleNameFromToken: roleNameFromToken as NonNullable<EntraDataSourceOptions['roleNameFromToken']>,
    },
  });
  return Reflect.get(await factory.createTypeOrmOptions(), 'username');
}

it.each([
  ['a name', () => 'reporter', 'reporter'],
  ['nothing', () => undefined, 'the-application'],
  ['null', () => null, 'the-application'],
])('takes %s from a function of the application', async (_what, fromToken, expected) => {
  expect(await usernameBy(fromToken)).toBe(expected);
});

it.each([
  ['returns a number', () => 5, /returned a number/],
  ['returns a promise', () => Promise.resolve('reporter'), /returned a promise/],
  ['returns a promise that fails', () => Promise.reject(new Error('no')), /returned a promise/],
  ['returns an empty text', () => '', /not a valid role name/],
  ['throws', ({ upn }: { upn: string }) => upn.toLowerCase(), /threw a TypeError/],
])('tells what is wrong with a function that %s', async (_what, fromToken, problem) => {
  await expect(usernameBy(fromToken)).rejects.toMatchObject({
    code: 'ENTRA_ROLE_NAME_UNKNOWN',
    message: expect.stringMatching(problem),
    fix: expect.stringContaining('the-object-id'),
  });
});

it('looks for the name in a token of the same tenant', async () => {
  const asked: unknown[] = [];
  const tid = '11111111-1111-4111-8111-111111111111';
  const ofTenant = jwt({ aud: databaseAudience, exp: expiresAt / 1000, tid, appid: 'the-application' });
  const { factory } = createDataSourceFactory({
    credential: {
      getToken: (scopes, options) => {
        asked.push([String(scopes), options?.tenantId]);
        return Promise.resolve({ token: ofTenant, expiresOnTimestamp: expiresAt });
      },
    },
    startup: 'lazy',
    resources: { postgres: { tenantId: tid } },
    dataSource: { type: 'postgres', host: 'db.example', database: 'notes' },
  });
  expect(await factory.createTypeOrmOptions()).toHaveProperty('username', 'the-application');
  expect(asked).toEqual([
    ['https://ossrdbms-aad.database.windows.net/.default', tid],
    ['https://management.azure.com/.default', tid],
  ]);
});
