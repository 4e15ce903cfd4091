import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

import { describe, expect, it } from '@jest/globals';

import { resolveDataSources } from '../../support/resolve-postgres.js';
import { EntraOptionsError } from '../../../lib/common/entra-auth.error.js';

const given = { type: 'postgres', host: 'db.example', username: 'app', database: 'notes' };
const ca = rootCertificates[0] ?? '';
const url = 'postgres://app@db.example:6432/notes';

function resolve(options: unknown) {
  const dataSource = resolveDataSources(options).get('default');
  if (dataSource === undefined) throw new Error('There is no default data source.');
  return dataSource;
}

function errorOf(options: unknown): EntraOptionsError {
  try {
    resolveDataSources(options);
  } catch (error) {
    if (error instanceof EntraOptionsError) return error;
    throw error;
  }
  throw new Error('The options were accepted.');
}

describe('resolveDataSources', () => {
  it('verifies TLS and sets a deadline when nothing is said about either', () => {
    expect(resolve(given)).toMatchObject({
      resource: 'postgres',
      connectTimeoutInMs: 15_000,
      primary: { host: 'db.example', port: 5432, ssl: { rejectUnauthorized: true } },
      typeOrmOptions: { type: 'postgres', connectTimeoutMS: 15_000, ssl: { rejectUnauthorized: true } },
    });
  });

  it('passes on what is TypeORM’s and keeps its own options to itself', () => {
    const { typeOrmOptions } = resolve({
      ...given,
      resource: 'reports',
      poolSize: 3,
      schema: 's',
      extra: { maxUses: 9 },
    });
    expect(typeOrmOptions).toMatchObject({ poolSize: 3, schema: 's', extra: { maxUses: 9 } });
    expect(typeOrmOptions).not.toHaveProperty('resource');
  });

  it.each([
    [url, { host: 'db.example', port: 6432, username: 'app', database: 'notes' }],
    ['postgresql://app@db.example/notes', { port: 5432 }],
    ['postgres://me%40corp.example@db.example/no%20tes', { username: 'me@corp.example', database: 'no tes' }],
    ['postgres://app@[::1]:5433/notes', { host: '::1', port: 5433 }],
    [`${url}?sslmode=verify-full&sslrootcert=system`, { ssl: { rejectUnauthorized: true } }],
  ])('takes %s apart', (text, primary) => {
    const resolved = resolve({ type: 'postgres', url: text });
    expect(resolved.primary).toMatchObject(primary);
    expect(resolved.typeOrmOptions).not.toHaveProperty('url');
  });

  it.each([
    'postgres://ann_else.example#EXT#@corp.example@db.example/notes',
    `${url}?application_name=a#1&sslrootcert=system`,
    `${url}#notes`,
  ])('refuses %s, of which nothing after the "#" would be read', (text) => {
    const error = errorOf({ type: 'postgres', url: text, database: 'notes' });
    expect(error).toMatchObject({ option: 'dataSource.url', fix: expect.stringContaining('%23') });
  });

  it('takes the name of a guest with its "#" encoded', () => {
    const text = 'postgres://ann_else.example%23EXT%23@corp.example@db.example/notes';
    expect(resolve({ type: 'postgres', url: text }).primary).toMatchObject({
      host: 'db.example',
      username: 'ann_else.example#EXT#@corp.example',
    });
  });

  it('takes the parameters of a URL to where they belong', () => {
    const text = `${url}?application_name=me&connect_timeout=7&options=-c%20work_mem%3D9MB`;
    expect(resolve({ type: 'postgres', url: text }).typeOrmOptions).toMatchObject({
      applicationName: 'me',
      connectTimeoutMS: 7_000,
      extra: { options: '-c work_mem=9MB' },
    });
  });

  it('takes the same parameters as options and in the URL', () => {
    const text = `${url}?application_name=me&connect_timeout=7&options=-c%20a=1`;
    const same = { applicationName: 'me', connectTimeoutMS: 7_000, extra: { options: '-c a=1' } };
    expect(resolve({ type: 'postgres', url: text, ...same }).typeOrmOptions).toMatchObject(same);
  });

  it('reads the certificate authorities that a URL names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'entra-url-'));
    try {
      writeFileSync(join(folder, 'ca.pem'), ca);
      const text = `${url}?sslrootcert=${join(folder, 'ca.pem')}`;
      expect(resolve({ type: 'postgres', url: text }).primary.ssl).toEqual({
        ca,
        rejectUnauthorized: true,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['verify-ca', 'require'])(
    'leaves out the host name with sslmode=%s and own authorities',
    (mode) => {
      const folder = mkdtempSync(join(tmpdir(), 'entra-url-'));
      try {
        writeFileSync(join(folder, 'ca.pem'), ca);
        const text = `${url}?sslmode=${mode}`;
        const expected = { ca, rejectUnauthorized: true, checkServerIdentity: expect.any(Function) };
        const named = resolve({ type: 'postgres', url: `${text}&sslrootcert=${join(folder, 'ca.pem')}` });
        expect(named.primary.ssl).toEqual(expected);
        expect(resolve({ type: 'postgres', url: text, ssl: { ca } }).primary.ssl).toEqual(expected);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('reads the client certificate that a URL names, and its key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'entra-url-'));
    try {
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      writeFileSync(cert, 'CERT');
      writeFileSync(key, 'KEY');
      expect(resolve({ type: 'postgres', url: `${url}?sslcert=${cert}&sslkey=${key}` }).primary.ssl).toEqual({
        cert: 'CERT',
        key: 'KEY',
        rejectUnauthorized: true,
      });
      expect(errorOf({ type: 'postgres', url: `${url}?sslcert=${cert}` }).message).toMatch(/without sslkey/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['a text', ca],
    ['a buffer', Buffer.from(ca)],
    ['several', [ca, Buffer.from(ca)]],
    ['a bundle with comments', `# a bundle\n${ca}\n# the next\n${ca}\n`],
  ])('takes certificate authorities as %s', (_form, authorities) => {
    expect(resolve({ ...given, ssl: { ca: authorities } }).primary.ssl).toMatchObject({ ca: authorities });
  });

  it('keeps the key of TLS options that a client of pg has hidden from enumeration', () => {
    const ssl = Object.defineProperty({ cert: 'CERT', key: 'KEY' }, 'key', { enumerable: false });
    expect(resolve({ ...given, ssl }).primary.ssl).toMatchObject({ cert: 'CERT', key: 'KEY' });
  });

  it('refuses URLs that contradict each other about the whole data source', () => {
    const replication = {
      master: { url: `${url}?connect_timeout=5` },
      slaves: [{ url: `${url}?connect_timeout=9` }],
    };
    expect(errorOf({ type: 'postgres', replication }).option).toBe('dataSource.replication.slaves[0].url');
  });

  it.each(['10.0.0.4', '::1'])(
    'has the certificate checked for the IP address %s, by every driver',
    (host) => {
      expect(resolve({ ...given, host }).primary.ssl).toEqual({ host, rejectUnauthorized: true });
    },
  );

  it('leaves a name to the driver, which checks it', () => {
    expect(resolve(given).primary.ssl).toEqual({ rejectUnauthorized: true });
  });

  it('completes a URL with options, also with equal ones', () => {
    const text = 'postgres://db.example/notes';
    expect(
      resolve({ type: 'postgres', url: text, username: 'app', host: 'db.example' }).primary.username,
    ).toBe('app');
  });

  it('resolves a master and its replicas alike', () => {
    const replica = { host: 'replica.example', username: 'app', database: 'notes', ssl: { ca } };
    const resolved = resolve({ type: 'postgres', replication: { master: { url }, slaves: [replica] } });
    expect(resolved.primary.host).toBe('db.example');
    expect(resolved.typeOrmOptions).toMatchObject({
      replication: {
        master: { host: 'db.example', port: 6432, ssl: { rejectUnauthorized: true } },
        slaves: [{ host: 'replica.example', port: 5432, ssl: { ca, rejectUnauthorized: true } }],
      },
    });
  });

  it('hands the application name of each server to TypeORM, and that of the data source for all of them', () => {
    const server = (applicationName: string) => ({
      host: 'db.example',
      username: 'app',
      database: 'notes',
      applicationName,
    });
    const replication = { master: server('writer'), slaves: [server('reader')] };
    expect(errorOf({ type: 'postgres', replication, host: 'other.example' })).toMatchObject({
      option: 'dataSource.host',
      message: expect.stringContaining('ignored together with "replication"'),
    });
    const negotiation = { type: 'postgres', replication, extra: { sslnegotiation: 'postgres' } } as const;
    expect(resolve(negotiation).typeOrmOptions.extra).toMatchObject({ sslnegotiation: 'postgres' });
    const resolved = resolve({ type: 'postgres', replication, applicationName: 'notes' });
    expect(resolved.typeOrmOptions).toMatchObject({
      applicationName: 'notes',
      replication: { master: { applicationName: 'writer' }, slaves: [{ applicationName: 'reader' }] },
    });
  });

  it('refuses a misspelt option of a server', () => {
    const master = { host: 'db.example', user: 'app', database: 'notes' };
    expect(errorOf({ type: 'postgres', replication: { master, slaves: [] } })).toMatchObject({
      option: 'dataSource.replication.master.user',
      fix: expect.stringContaining('Did you mean "username"?'),
    });
  });

  it.each<[string, object]>([
    ['dataSource.type', { ...given, type: 'oracle' }],
    ['dataSource.applicationName', { ...given, applicationName: 7 }],
    ['dataSource.ssl.servername', { ...given, ssl: { servername: 'other.example' } }],
    ['dataSource.ssl.host', { ...given, ssl: { host: 'other.example' } }],
    ['dataSource.ssl.pskCallback', { ...given, ssl: { pskCallback: () => null } }],
    ['dataSource.ssl.secureContext', { ...given, ssl: { secureContext: {} } }],
    ['dataSource.ssl.socket', { ...given, ssl: { socket: {} } }],
    ['dataSource.ssl.rejectUnauthorized', { ...given, ssl: { rejectUnauthorized: 0 } }],
    [
      'dataSource.ssl',
      {
        type: 'postgres',
        url: `${url}?sslmode=disable`,
        ssl: {},
        dangerouslySendTokenWithoutVerifiedTls: true,
      },
    ],
    [
      'dataSource.ssl',
      {
        type: 'postgres',
        url: `${url}?sslmode=require`,
        ssl: true,
        dangerouslySendTokenWithoutVerifiedTls: true,
      },
    ],
    ['dataSource.extra.connectionString', { type: 'postgres', url, extra: { connectionString: url } }],
    [
      'dataSource.extra.connectionString',
      { type: 'postgres', replication: { master: given, slaves: [] }, extra: { connectionString: url } },
    ],
    ['dataSource.ssl.session', { ...given, ssl: { session: Buffer.alloc(9) } }],
    ['dataSource.type', { host: 'db.example' }],
    ['dataSource.host', { ...given, host: undefined }],
    ['dataSource.host', { ...given, host: '/var/run/postgresql' }],
    ['dataSource.username', { ...given, username: '' }],
    ['dataSource.database', { ...given, database: undefined }],
    ['dataSource.port', { ...given, port: '5432' }],
    ['dataSource.port', { ...given, port: 0 }],
    ['dataSource.password', { ...given, password: 'hunter2' }],
    ['dataSource.password', { ...given, password: () => 'hunter2' }],
    ['dataSource.driver', { ...given, driver: {} }],
    ['dataSource.nativeDriver', { ...given, nativeDriver: {} }],
    ['dataSource.ssl', { ...given, ssl: false }],
    ['dataSource.ssl', { ...given, ssl: null }],
    ['dataSource.ssl', { ...given, ssl: 'no-verify' }],
    ['dataSource.ssl.rejectUnauthorized', { ...given, ssl: { rejectUnauthorized: false } }],
    ['dataSource.ssl.checkServerIdentity', { ...given, ssl: { checkServerIdentity: () => undefined } }],
    ['dataSource.connectTimeoutMS', { ...given, connectTimeoutMS: 0 }],
    ['dataSource.extra', { ...given, extra: 'max=3' }],
    ['dataSource.extra.password', { ...given, extra: { password: 'hunter2' } }],
    ['dataSource.extra.ssl', { ...given, extra: { ssl: false } }],
    [
      'dataSource.extra.connectionString',
      { ...given, extra: { connectionString: `${url}?sslmode=disable` } },
    ],
    ['dataSource.extra.connectionTimeoutMillis', { ...given, extra: { connectionTimeoutMillis: 0 } }],
    ['dataSource.extra.sslnegotiation', { ...given, extra: { sslnegotiation: 'never' } }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslmode=require` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslmode=verify-ca` }],
    ['dataSource.extra.host', { ...given, extra: { host: 'evil.example' } }],
    ['dataSource.url', { type: 'postgres', url: 'db.example' }],
    ['dataSource.url', { type: 'postgres', url: 'mysql://app@db.example/notes' }],
    ['dataSource.url', { type: 'postgres', url: 'postgres://app:hunter2@db.example/notes' }],
    ['dataSource.url', { type: 'postgres', url: `${url}?password=hunter2` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslmode=disable` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslmode=prefer` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslmode=nonsense` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?sslrootcert=/nowhere/ca.pem` }],
    ['dataSource.url', { type: 'postgres', url: `${url}?service=x` }],
    ['dataSource.host', { type: 'postgres', url, host: 'other.example' }],
    ['dataSource.port', { type: 'postgres', url, port: 5433 }],
    ['dataSource.url', { type: 'postgres', url: 'postgres://app@db.example/100%' }],
    ['dataSource.url', { type: 'postgres', url: 'postgres://a%b@db.example/notes' }],
    ['dataSource.replication', { type: 'postgres', replication: true }],
    ['dataSource.replication', { type: 'postgres', replication: null }],
    ['dataSource.replication.slaves', { type: 'postgres', replication: { master: { url } } }],
    ['dataSource.replication.slaves', { type: 'postgres', replication: { master: { url }, slaves: {} } }],
    ['dataSource.replication.master', { type: 'postgres', replication: { slaves: [] } }],
    ['dataSource.replication.master', { type: 'postgres', replication: { master: url, slaves: [] } }],
    [
      'dataSource.replication.slaves[1]',
      { type: 'postgres', replication: { master: { url }, slaves: [{ url }, null] } },
    ],
    [
      'dataSource.applicationName',
      { type: 'postgres', url: `${url}?application_name=a`, applicationName: 'b' },
    ],
    [
      'dataSource.extra.application_name',
      { type: 'postgres', url: `${url}?application_name=a`, extra: { application_name: 'b' } },
    ],
    [
      'dataSource.connectTimeoutMS',
      { type: 'postgres', url: `${url}?connect_timeout=3`, connectTimeoutMS: 9 },
    ],
    [
      'dataSource.extra.options',
      { type: 'postgres', url: `${url}?options=-c%20a=1`, extra: { options: '-c b=2' } },
    ],
    [
      'dataSource.replication.slaves[0].ssl',
      { type: 'postgres', replication: { master: { url }, slaves: [{ url, ssl: false }] } },
    ],
    [
      'dataSource.replication.master.password',
      { type: 'postgres', replication: { master: { url, password: 'hunter2' }, slaves: [] } },
    ],
  ])('refuses a wrong "%s" with the fix, without repeating a password (%#)', (option, options) => {
    const error = errorOf(options);
    expect(error).toMatchObject({ code: 'ENTRA_OPTIONS_INVALID', option });
    expect(error.fix).toMatch(/^[A-Z].+\.$/);
    expect(error.message).not.toContain('hunter2');
  });
});

describe('the host of a data source', () => {
  it.each([
    'db.example:5432',
    '10.0.0.1:5432',
    // Both letters are hexadecimal digits.
    'db:5432',
    'db.example:',
    'https://db.example',
    'postgres://app:hunter2@db.example/notes',
    'app:hunter2@db.example',
    'one.example,two.example',
    '[::1]',
    '[::1]:5432',
    'db.example/notes',
    'db.example?sslmode=disable',
    'db .example',
    'db.example\n',
    ' db.example',
  ])('is refused as %j', (host) => {
    const replica = { host: 'replica.example', username: 'app', database: 'notes' };
    const slaves = { type: 'postgres', replication: { master: replica, slaves: [{ ...replica, host }] } };
    for (const [options, option] of [
      [{ ...given, host }, 'dataSource.host'],
      [slaves, 'dataSource.replication.slaves[0].host'],
    ] as const) {
      const error = errorOf(options);
      expect(error).toMatchObject({ option });
      expect(error.message).not.toContain('hunter2');
    }
  });

  it.each(['db.example', 'localhost', '10.0.0.1', '::1', 'fe80::1', 'my_db-1.example'])(
    'may be %s',
    (host) => {
      expect(resolve({ ...given, host }).primary.host).toBe(host);
    },
  );

  it.each(['username', 'database'])('is not alone: %s has no white space at its ends either', (key) => {
    expect(errorOf({ ...given, [key]: 'notes\n' })).toMatchObject({
      option: `dataSource.${key}`,
      message: expect.stringMatching(/white space/),
    });
  });
});

describe('TCP keep-alive', () => {
  it("is on by default, and is the user's to set", () => {
    const extraOf = (extra: object): unknown => resolve({ ...given, extra }).typeOrmOptions['extra'];
    expect(extraOf({})).toMatchObject({ keepAlive: true, keepAliveInitialDelayMillis: 30_000 });
    expect(extraOf({ keepAlive: false })).toMatchObject({ keepAlive: false });
    expect(extraOf({ keepAliveInitialDelayMillis: 5_000 })).toMatchObject({
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    });
  });
});
