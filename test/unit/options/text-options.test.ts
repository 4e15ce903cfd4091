import { describe, expect, it } from '@jest/globals';
import { RefreshTokenCredential, type EntraAuthModuleOptions } from 'nestjs-entra-auth';

import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';

const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444';
const secret = { kind: 'client-secret', tenantId, clientId, clientSecret: 'a-secret-value' };
const pod = { kind: 'workload-identity', tenantId, clientId, tokenFilePath: '/token' };
const database = { type: 'postgres', host: 'db.example', username: 'app', database: 'notes' };
const grant = { tenantId, clientId, refreshToken: 'a-refresh-token' };

const module =
  (changes: object): (() => unknown) =>
  () =>
    resolveOptions({ credential: secret, ...changes } as unknown as EntraAuthModuleOptions);
const credential = (changes: object): (() => unknown) => module({ credential: { ...secret, ...changes } });
const source = (changes: object): (() => unknown) => module({ dataSource: { ...database, ...changes } });
const refresh =
  (changes: object): (() => unknown) =>
  () =>
    new RefreshTokenCredential({ ...grant, ...changes });
const resource = (id: unknown): (() => unknown) => module({ resources: { graph: { tenantId: id } } });

const blanks = 'begins or ends with white space';

/** What is given, the option that the error names, and what is wrong with it. */
const mistakes: readonly [string, string, string, () => unknown][] = [
  ['a secret with a line break', 'credential.clientSecret', blanks, credential({ clientSecret: 's3cret\n' })],
  ['a client id with a blank', 'credential.clientId', blanks, credential({ clientId: `${clientId} ` })],
  ['a quoted client id', 'credential.clientId', 'not a GUID', credential({ clientId: `"${clientId}"` })],
  ['the name of an application', 'credential.clientId', 'not a GUID', credential({ clientId: 'my-app' })],
  ['a tenant with a line break', 'credential.tenantId', blanks, credential({ tenantId: `${tenantId}\n` })],
  [
    'the URL of a tenant',
    'credential.tenantId',
    'not a tenant',
    credential({ tenantId: `https://login.microsoftonline.com/${tenantId}` }),
  ],
  ['a tenant that is a path', 'credential.tenantId', 'not a tenant', credential({ tenantId: '../common' })],
  ['a blank secret', 'credential.clientSecret', 'nothing but white space', credential({ clientSecret: ' ' })],
  ['no secret', 'credential.clientSecret', 'missing', credential({ clientSecret: undefined })],
  [
    'an authority with a blank',
    'credential.authorityHost',
    blanks,
    credential({ authorityHost: 'https://login.microsoftonline.us ' }),
  ],
  [
    'an authority without https',
    'credential.authorityHost',
    'not a plain https URL',
    credential({ authorityHost: 'login.microsoftonline.us' }),
  ],
  [
    'an authority with a query',
    'credential.authorityHost',
    'not a plain https URL',
    credential({ authorityHost: 'https://login.microsoftonline.us?a=b' }),
  ],
  [
    'a token file with a line break',
    'credential.tokenFilePath',
    blanks,
    module({ credential: { ...pod, tokenFilePath: '/token\n' } }),
  ],
  ['a resource’s tenant with a blank', 'resources.graph.tenantId', blanks, resource(` ${tenantId}`)],
  ['a resource’s tenant as a URL', 'resources.graph.tenantId', 'not a tenant', resource('https://x/y')],
  ['a resource’s tenant that is a number', 'resources.graph.tenantId', '7', resource(7)],
  ['a host with a blank', 'dataSource.host', blanks, source({ host: 'db.example ' })],
  ['a host with a scheme', 'dataSource.host', 'a URL', source({ host: 'https://db.example' })],
  ['a host with a port', 'dataSource.host', 'contains a port', source({ host: 'db.example:5432' })],
  ['a host with a path', 'dataSource.host', 'not the name of a server', source({ host: 'db.example/notes' })],
  ['a role with a line break', 'dataSource.username', blanks, source({ username: 'app\n' })],
  ['a database with a blank', 'dataSource.database', blanks, source({ database: ' notes' })],
  ['a refresh token with a line break', 'refreshToken', blanks, refresh({ refreshToken: 'a-token\n' })],
  ['a grant’s tenant as a URL', 'tenantId', 'not a tenant', refresh({ tenantId: 'https://x/y' })],
  ['a grant’s tenant with a blank', 'tenantId', blanks, refresh({ tenantId: `${tenantId} ` })],
  ['a grant’s secret with a line break', 'clientSecret', blanks, refresh({ clientSecret: 's3cret\n' })],
  ['a grant’s client with a blank', 'clientId', blanks, refresh({ clientId: `${clientId}\t` })],
];

describe('a text that cannot be right', () => {
  it.each(mistakes)('is refused by its name, unseen: %s', (_, option, given, make) => {
    let error: unknown;
    try {
      make();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(EntraOptionsError);
    const { message } = error as EntraOptionsError;
    expect(message).toContain(`Invalid option "${option}": ${given}. `);
    expect(message).not.toContain('s3cret');
  });
});

describe('a text that may be right', () => {
  it.each<[string, () => unknown]>([
    ['a domain as tenant', credential({ tenantId: 'contoso.onmicrosoft.com' })],
    ['"organizations" as tenant', credential({ tenantId: 'organizations' })],
    ['an authority with a slash', credential({ authorityHost: 'https://login.microsoftonline.us/' })],
    ['an address of version 4', source({ host: '10.0.0.4' })],
    ['an address of version 6', source({ host: 'fd00::4' })],
    ['a name with an underscore', source({ host: 'my_db' })],
    ['a name with a final dot', source({ host: 'db.example.' })],
    ['a role with an address', source({ username: 'ann_fabrikam.com#EXT#@contoso.com' })],
  ])('is accepted: %s', (_, make) => {
    expect(make).not.toThrow();
  });
});
