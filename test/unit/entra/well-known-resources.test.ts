import { describe, expect, it } from '@jest/globals';

import type { EntraCloud } from '../../../lib/entra/clouds.js';
import {
  databaseAudiences,
  expectationsOf,
  wellKnownResourceNames,
  wellKnownScope,
} from '../../../lib/entra/well-known-resources.js';

const clouds: readonly EntraCloud[] = ['public', 'usgov', 'china'];
const database = 'https://ossrdbms-aad.database.windows.net';
const databaseClient = '123cd850-d9df-40bd-94d5-c9f07b7fa203';
const tenantId = '11111111-AAAA-4bbb-8ccc-222222222222';

describe('the scope of a resource that is known by name', () => {
  const rows: [string, string, string, string][] = [
    [
      'postgres',
      database,
      'https://ossrdbms-aad.database.usgovcloudapi.net',
      'https://ossrdbms-aad.database.chinacloudapi.cn',
    ],
    [
      'mysql',
      database,
      'https://ossrdbms-aad.database.usgovcloudapi.net',
      'https://ossrdbms-aad.database.chinacloudapi.cn',
    ],
    [
      'graph',
      'https://graph.microsoft.com',
      'https://graph.microsoft.us',
      'https://microsoftgraph.chinacloudapi.cn',
    ],
    [
      'sql',
      'https://database.windows.net',
      'https://database.usgovcloudapi.net',
      'https://database.chinacloudapi.cn',
    ],
    ['keyvault', 'https://vault.azure.net', 'https://vault.usgovcloudapi.net', 'https://vault.azure.cn'],
    [
      'management',
      'https://management.azure.com',
      'https://management.usgovcloudapi.net',
      'https://management.chinacloudapi.cn',
    ],
    ['redis', 'https://redis.azure.com', 'https://redis.azure.com', 'https://redis.azure.com'],
    ['storage', 'https://storage.azure.com', 'https://storage.azure.com', 'https://storage.azure.com'],
  ];

  it.each(rows)('%s', (name, ...identifiers) => {
    expect(clouds.map((cloud) => wellKnownScope(name, cloud))).toEqual(
      identifiers.map((identifier) => `${identifier}/.default`),
    );
  });

  it('is given for every name that is listed, and for no other', () => {
    expect(rows.map(([name]) => name)).toEqual(wellKnownResourceNames);
    for (const name of ['orders', 'Graph', '', 'toString', 'constructor', '__proto__']) {
      expect(wellKnownScope(name, 'public')).toBeUndefined();
    }
  });
});

describe('what is expected of a token', () => {
  it('is audience and tenant where it is a database token', () => {
    expect(databaseAudiences(`${database}/.default`, 'public')).toEqual([database, databaseClient]);
    expect(expectationsOf([`${database}/.default`], tenantId, 'public')).toEqual({
      audiences: [database, databaseClient],
      tenantId,
    });
  });

  it.each([
    ['a domain', 'contoso.example'],
    ['a GUID and more', `${tenantId}0`],
    ['nothing', undefined],
  ])('is not a tenant where the options name %s', (_, given) => {
    expect(expectationsOf([`${database}/.default`], given, 'public')).toEqual({
      audiences: [database, databaseClient],
      tenantId: undefined,
    });
  });

  it.each<[string, string[], EntraCloud]>([
    ['another resource', ['https://graph.microsoft.com/.default'], 'public'],
    ['a database of another cloud', [`${database}/.default`], 'usgov'],
    ['no scope', [], 'public'],
  ])('is nothing for %s', (_, scopes, cloud) => {
    expect(expectationsOf(scopes, tenantId, cloud)).toEqual({ audiences: undefined, tenantId: undefined });
  });
});
