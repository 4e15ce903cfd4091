import { configureEntraAuthentication } from '@azure/postgresql-auth';
import { describe, expect, it } from '@jest/globals';
import type { AccessToken } from 'nestjs-entra-auth';

import { createDataSourceFactory, databaseAudience } from '../../support/local-database.js';
import { jwt } from '../../support/tokens.js';

// The library for JavaScript would take it, whatever a row holds.
delete process.env['PGUSER'];

type Claims = Record<string, unknown>;

/** What a library, or this one, makes of an identity. `error` for one that it refuses. */
interface Row {
  case: string;
  /** Claims of the token for the database. */
  database: Claims;
  /** Claims of the token for Azure Resource Manager; `fails` when there is none to be had. */
  management?: Claims | 'fails';
  fallback?: string;
  /** What the other library takes as role. */
  theirs: string;
  /** What this one takes, where it is another, and why. */
  ours?: string;
  because?: string;
}

const error = 'error';
const identity = (name: string): string =>
  `/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const machine = '/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/vm-1';
const guest = 'ada_home.example#EXT#@corp.example';
const long = `${'x'.repeat(60)}@corp.example`;

const everyLibrary: Row[] = [
  { case: 'a user', database: { upn: 'user@example.com' }, theirs: 'user@example.com' },
  { case: 'a guest', database: { upn: guest }, theirs: guest },
  { case: 'upper case', database: { upn: 'Ada@Example.com' }, theirs: 'Ada@Example.com' },
  {
    case: 'a name of more than 63 bytes',
    database: { upn: long },
    management: { upn: long },
    theirs: long,
    ours: error,
    because: 'PostgreSQL would cut it off, and log in another role',
  },
  {
    case: 'no claim that names anybody',
    database: { sub: 'subject' },
    management: { sub: 'subject' },
    theirs: error,
  },
];

/** `@azure/postgresql-auth` 1.0: `upn`, then `appid`, then its fallback, then `PGUSER`. These rows run it. */
const javaScript: Row[] = [
  ...everyLibrary,
  { case: 'an application', database: { appid: 'app-id' }, theirs: 'app-id' },
  { case: 'upn before appid', database: { upn: 'a@example.com', appid: 'app-id' }, theirs: 'a@example.com' },
  { case: 'an empty upn', database: { upn: '', appid: 'app-id' }, theirs: 'app-id' },
  { case: 'the fallback', database: {}, fallback: 'fallback', theirs: 'fallback' },
  { case: 'upn before the fallback', database: { upn: 'a' }, fallback: 'fallback', theirs: 'a' },
  {
    case: 'appid and a fallback',
    database: { appid: 'app-id' },
    fallback: 'fallback',
    theirs: 'app-id',
    ours: 'fallback',
    because: 'the role of an application has its display name, so the configured name is better than its id',
  },
  {
    case: 'a user-assigned identity',
    database: { xms_mirid: identity('my-identity'), appid: 'app-id' },
    theirs: 'app-id',
    ours: 'my-identity',
    because: 'the role of a managed identity has its name',
  },
  {
    case: 'a user of a v2.0 token',
    database: { preferred_username: 'a@example.com', appid: 'app-id' },
    theirs: 'app-id',
    ours: 'a@example.com',
    because: 'appid is the application that the user signed in with',
  },
];

/** `azure-postgresql-auth` 1.0 for Python: the database's token, then one for Azure Resource Manager. */
const python: Row[] = [
  ...everyLibrary,
  {
    case: 'a user of a v2.0 token',
    database: { preferred_username: 'testuser@example.com' },
    theirs: 'testuser@example.com',
  },
  { case: 'a user of an old token', database: { unique_name: 'a@example.com' }, theirs: 'a@example.com' },
  {
    case: 'upn before the other names',
    database: { upn: 'a', preferred_username: 'b', unique_name: 'c' },
    theirs: 'a',
  },
  {
    case: 'preferred_username before unique_name',
    database: { preferred_username: 'b', unique_name: 'c' },
    theirs: 'b',
  },
  { case: 'an empty upn', database: { upn: '', unique_name: 'c' }, theirs: 'c' },
  {
    case: 'a user-assigned identity',
    database: { xms_mirid: identity('my-identity') },
    theirs: 'my-identity',
  },
  {
    case: 'its path in other case',
    database: { xms_mirid: identity('My-Id').replace('Microsoft.M', 'MICROSOFT.m') },
    theirs: 'My-Id',
  },
  {
    case: 'a user-assigned identity before upn',
    database: { xms_mirid: identity('my-identity'), upn: 'a' },
    theirs: 'my-identity',
  },
  {
    case: 'an identity whose name is empty',
    database: { xms_mirid: identity('') },
    management: {},
    theirs: error,
  },
  {
    case: 'a path of something else',
    database: { xms_mirid: '/invalid/path' },
    management: {},
    theirs: error,
  },
  { case: 'a path that is not a text', database: { xms_mirid: 7, upn: 'a' }, theirs: 'a' },
  {
    case: 'a name in the second token only',
    database: { appid: 'app-id' },
    management: { xms_mirid: identity('my-identity') },
    theirs: 'my-identity',
  },
  { case: 'a user in the second token only', database: {}, management: { unique_name: 'c' }, theirs: 'c' },
  {
    case: 'the first token before the second',
    database: { upn: 'a' },
    management: { upn: 'b' },
    theirs: 'a',
  },
  {
    case: 'a system-assigned identity, named nowhere',
    database: { xms_mirid: machine },
    management: { xms_mirid: machine },
    theirs: error,
  },
  {
    case: 'a system-assigned identity and upn',
    database: { xms_mirid: machine, upn: 'a' },
    management: {},
    theirs: error,
    ours: 'a',
    because: 'a path without a role hides no name',
  },
  { case: 'no name, and the second token cannot be had', database: {}, management: 'fails', theirs: error },
  {
    case: 'an application without a name',
    database: { appid: 'app-id' },
    management: 'fails',
    theirs: error,
    ours: 'app-id',
    because: 'as in the library for JavaScript: a role may have been created by that name',
  },
  {
    case: 'an application without a name, and a fallback',
    database: { appid: 'app-id' },
    management: {},
    fallback: 'fallback',
    theirs: error,
    ours: 'fallback',
    because: 'the Python library has no fallback',
  },
];

/** `Microsoft.Azure.PostgreSQL.Auth` 1.0 for .NET: as Python, but it looks into the other token first. */
const dotNet: Row[] = [
  ...everyLibrary,
  {
    case: 'a user of a v2.0 token',
    database: { preferred_username: 'a@example.com' },
    theirs: 'a@example.com',
  },
  { case: 'a user of an old token', database: { unique_name: 'a@example.com' }, theirs: 'a@example.com' },
  {
    case: 'a user-assigned identity',
    database: {},
    management: { xms_mirid: identity('managed-identity') },
    theirs: 'managed-identity',
  },
  {
    case: 'its path in other case',
    database: {},
    management: { xms_mirid: identity('My-Id').toUpperCase() },
    theirs: 'MY-ID',
  },
  { case: 'a system-assigned identity and upn', database: { xms_mirid: machine, upn: 'a' }, theirs: 'a' },
  { case: 'a name in the database’s token only', database: { upn: 'a' }, management: {}, theirs: 'a' },
  {
    case: 'another name in each token',
    database: { upn: 'a' },
    management: { upn: 'b' },
    theirs: 'b',
    ours: 'a',
    because:
      'the database sees its own token, as in Python, and a second request is made only where it is needed',
  },
  {
    case: 'a second token that cannot be had',
    database: { upn: 'a' },
    management: 'fails',
    theirs: error,
    ours: 'a',
    because: 'the second token is optional',
  },
  {
    case: 'an empty upn',
    database: { upn: '', preferred_username: 'b' },
    management: {},
    theirs: '',
    ours: 'b',
    because: 'an empty name is none',
  },
];

/** The role that this module logs in with. */
async function roleOf(row: Row, username?: string): Promise<unknown> {
  const expiresOnTimestamp = Date.now() + 3_600_000;
  const tokenOf = (claims: Claims): AccessToken => ({
    token: jwt({ aud: databaseAudience, exp: expiresOnTimestamp / 1000, ...claims }),
    expiresOnTimestamp,
  });
  const { management = {} } = row;
  const credential = {
    getToken: async (scopes: string | string[]): Promise<AccessToken> => {
      await Promise.resolve();
      if (String(scopes) !== 'https://management.azure.com/.default') return tokenOf(row.database);
      if (management === 'fails') throw new Error('AADSTS65001: no consent');
      return tokenOf(management);
    },
  };
  const { factory } = createDataSourceFactory({
    credential,
    dataSource: {
      type: 'postgres',
      host: 'db.example',
      database: 'notes',
      ...(username === undefined ? {} : { username }),
      ...(row.fallback === undefined ? {} : { fallbackUsername: row.fallback }),
    },
  });
  const made: { username?: unknown } = (await factory.createTypeOrmOptions()) as object;
  return made.username;
}

/** The role that Microsoft's library for JavaScript sets, in the hook that it gives to Sequelize. */
async function roleByPostgresqlAuth({ database, fallback }: Row): Promise<unknown> {
  const hooks: ((config: { username?: unknown }) => Promise<void>)[] = [];
  const sequelize = { beforeConnect: (hook: (typeof hooks)[number]) => hooks.push(hook) };
  const token = { token: jwt(database), expiresOnTimestamp: Date.now() + 3_600_000 };
  configureEntraAuthentication(
    sequelize as unknown as Parameters<typeof configureEntraAuthentication>[0],
    { getToken: () => Promise.resolve(token) },
    fallback === undefined ? {} : { fallbackUsername: fallback },
  );
  const config: { username?: unknown } = {};
  for (const hook of hooks) await hook(config);
  return config.username;
}

describe.each([
  ['JavaScript', javaScript],
  ['Python', python],
  ['.NET', dotNet],
])('the role name, compared with the library for %s', (_, rows) => {
  it.each(rows)('$case: $theirs', async (row) => {
    expect(row.ours === undefined).toBe(row.because === undefined);
    const ours = row.ours ?? row.theirs;
    const role = roleOf(row);
    if (ours === error) await expect(role).rejects.toMatchObject({ code: 'ENTRA_ROLE_NAME_UNKNOWN' });
    else await expect(role).resolves.toBe(ours);
  });

  it('leaves a name alone that was given', async () => {
    await expect(roleOf({ case: '', database: { upn: 'a' }, theirs: 'b' }, 'b')).resolves.toBe('b');
  });
});

describe('what is said of the library for JavaScript', () => {
  it.each(javaScript)('$case: $theirs', async (row) => {
    const role = roleByPostgresqlAuth(row);
    if (row.theirs === error) await expect(role).rejects.toThrow('Could not determine DB username');
    else await expect(role).resolves.toBe(row.theirs);
  });

  it('takes PGUSER from the environment, which this module does not', async () => {
    const nobody: Row = { case: '', database: {}, theirs: error };
    process.env['PGUSER'] = 'from-environment';
    try {
      await expect(roleByPostgresqlAuth(nobody)).resolves.toBe('from-environment');
      await expect(roleOf(nobody)).rejects.toMatchObject({ code: 'ENTRA_ROLE_NAME_UNKNOWN' });
    } finally {
      delete process.env['PGUSER'];
    }
  });
});
