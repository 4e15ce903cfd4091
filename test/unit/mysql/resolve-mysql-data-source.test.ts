import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import { fitsUserName } from '../../../lib/mysql/resolve-mysql-data-source.js';
import { resolveDataSources } from '../../../lib/options/databases.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';

const right = { type: 'mysql', host: 'db.example', username: 'app', database: 'notes' };

const resolve = (given: object): unknown => resolveDataSources({ ...right, ...given }).get('default');

function refusal(given: object): EntraOptionsError {
  try {
    resolve(given);
  } catch (error) {
    if (error instanceof EntraOptionsError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('the options of a data source of MySQL', () => {
  it('have defaults: verified TLS with the name, port 3306, 15 s, the resource "mysql"', () => {
    expect(resolve({})).toMatchObject({
      type: 'mysql',
      resource: 'mysql',
      connectTimeoutInMs: 15_000,
      primary: {
        host: 'db.example',
        port: 3306,
        username: 'app',
        database: 'notes',
        ssl: { rejectUnauthorized: true, verifyIdentity: true },
      },
      typeOrmOptions: { type: 'mysql', connectTimeout: 15_000 },
    });
  });

  it('are passed to TypeORM but for its own', () => {
    const { typeOrmOptions } = resolve({
      poolSize: 3,
      charset: 'utf8mb4',
      resource: 'mysql',
      extra: { idleTimeout: 1 },
    }) as { typeOrmOptions: object };
    expect(typeOrmOptions).toMatchObject({ poolSize: 3, charset: 'utf8mb4', extra: { idleTimeout: 1 } });
    expect(typeOrmOptions).not.toHaveProperty('resource');
  });

  it('take a private authority and a client certificate', () => {
    const ca = new CertificateAuthority().certificate;
    expect(resolve({ ssl: { ca, cert: 'c', key: 'k', minVersion: 'TLSv1.3' } })).toMatchObject({
      primary: { ssl: { ca, cert: 'c', key: 'k', minVersion: 'TLSv1.3', verifyIdentity: true } },
    });
  });

  it('do not inherit an authority that another package left on Object.prototype', () => {
    const { primary } = resolve({}) as { primary: { ssl: object } };
    expect(Object.keys(primary.ssl)).toEqual(expect.arrayContaining(['ca', 'cert', 'key', 'minVersion']));
  });

  it.each<[option: string, given: object, fix: RegExp]>([
    ['password', { password: 'hunter2' }, /the access token takes its place/],
    ['url', { url: 'mysql://app@db.example/notes?sslmode=disable' }, /Give "host", "port", "username"/],
    ['socketPath', { socketPath: '/run/mysqld.sock' }, /A local socket has no TLS/],
    ['replication', { replication: { master: right, slaves: [] } }, /configure a second one for a replica/],
    ['driver', { driver: {} }, /brings its own use of "mysql2"/],
    ['connectorPackage', { connectorPackage: 'mysql' }, /brings its own use of "mysql2"/],
    ['insecureAuth', { insecureAuth: true }, /"mysql_clear_password" alone/],
    ['debug', { debug: true }, /would print every packet/],
    ['acquireTimeout', { acquireTimeout: 1 }, /Give "connectTimeout"/],
    ['connectTimeoutMS', { connectTimeoutMS: 1 }, /Write "connectTimeout"/],
    ['connectTimeout', { connectTimeout: 0 }, /Give milliseconds from 1 to 600000/],
    ['maxConnectionLifetimeInMs', { maxConnectionLifetimeInMs: 5_000 }, /of PostgreSQL alone/],
    [
      'dangerouslySendTokenWithoutVerifiedTls',
      { dangerouslySendTokenWithoutVerifiedTls: true },
      /over verified TLS alone/,
    ],
    ['host', { host: undefined }, /"example.mysql.database.azure.com"/],
    ['host', { host: '10.0.0.4' }, /checked against the name/],
    ['host', { host: '/run/mysqld.sock' }, /checked against the name/],
    ['host', { host: 'mysql://db.example' }, /Give the name of the server/],
    ['port', { port: 3306.5 }, /whole number/],
    ['port', { port: '3306' }, /Give a whole number from 1 to 65535; the default is 3306/],
    ['username', { username: 'x'.repeat(33) }, /CREATE AADUSER '<name>' AS '<alias>'/],
    ['database', { database: '' }, /Give the name of the database/],
    ['fallbackUsername', { fallbackUsername: 'x'.repeat(33) }, /Give the name of a role/],
    ['resource', { resource: 7 }, /Give the name of a resource/],
    ['ssl', { ssl: false }, /must be verified/],
    ['ssl', { ssl: 'Amazon RDS' }, /must be verified/],
    ['ssl.rejectUnauthorized', { ssl: { rejectUnauthorized: false } }, /must be verified/],
    ['ssl.verifyIdentity', { ssl: { verifyIdentity: false } }, /must be verified/],
    ['ssl.checkServerIdentity', { ssl: { checkServerIdentity: () => undefined } }, /mysql2 knows ca, cert/],
    ['ssl.servername', { ssl: { servername: 'other.example' } }, /mysql2 knows ca, cert/],
    ['ssl.pfx', { ssl: { pfx: 'p' } }, /Give "cert" and "key"/],
    ['ssl.ca', { ssl: { ca: '' } }, /-----BEGIN CERTIFICATE-----/],
    ['extra', { extra: 7 }, /Give an object of pool options/],
    ['extra.stream', { extra: { stream: () => undefined } }, /Use the data source options/],
    ...[
      ...['authSwitchHandler', 'connectTimeout', 'database', 'enableCleartextPlugin', 'host', 'insecureAuth'],
      ...['isServer', 'password', 'password2', 'password3', 'passwordSha1', 'pool', 'port', 'socketPath'],
      ...['ssl', 'uri', 'user'],
    ].map((name): [string, object, RegExp] => [
      `extra.${name}`,
      { extra: { [name]: 'hunter2' } },
      /Use the data source options/,
    ]),
    ['extra.authPlugins', { extra: { authPlugins: {} } }, /Use the data source options/],
    ['extra.password1', { extra: { password1: 'hunter2' } }, /Use the data source options/],
    ['extra.debug', { extra: { debug: true } }, /Use the data source options/],
  ])('refuse "%s": %j', (option, given, fix) => {
    const error = refusal(given);
    expect(error).toMatchObject({ option: `dataSource.${option}`, fix: expect.stringMatching(fix) });
    expect(error.message).not.toContain('hunter2');
  });

  it('are told from those of other databases by "type"', () => {
    expect(refusal({ type: 'mariadb' }).message).toBe(
      'Invalid option "dataSource.type": "mariadb". Write type: "postgres", "mysql" or "mssql".',
    );
    expect(refusal({ type: 'toString' }).option).toBe('dataSource.type');
  });
});

describe('fitsUserName', () => {
  it.each([
    ['32 characters', 'x'.repeat(32), true],
    ['33 characters', 'x'.repeat(33), false],
    ['32 characters that are more bytes', 'ä'.repeat(32), true],
    ['nothing', '', false],
    ['a NUL character', 'a\0b', false],
  ])('%s', (_, name, fits) => {
    expect(fitsUserName(name)).toBe(fits);
  });
});
