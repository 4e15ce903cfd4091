import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';

import { resolveDataSources } from '../../../lib/options/databases.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';

const right = { type: 'mssql', host: 'db.example', database: 'notes' };

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

const tls = (cryptoCredentialsDetails: unknown): object => ({ options: { cryptoCredentialsDetails } });

describe('the options of a data source of Azure SQL', () => {
  it('have defaults: TDS with TLS inside, port 1433, 15 s, the resource "sql", no user name', () => {
    expect(resolve({})).toMatchObject({
      type: 'mssql',
      resource: 'sql',
      connectTimeoutInMs: 15_000,
      encrypt: true,
      primary: { host: 'db.example', port: 1433, database: 'notes' },
      typeOrmOptions: {
        type: 'mssql',
        connectionTimeout: 15_000,
        options: { encrypt: true, trustServerCertificate: false },
      },
    });
    expect(resolve({})).not.toHaveProperty('primary.username');
    expect(resolve({})).not.toHaveProperty('roleNameFromToken');
  });

  it('are passed to TypeORM but for its own', () => {
    const { typeOrmOptions } = resolve({
      schema: 'app',
      resource: 'sql',
      pool: { max: 3 },
      options: { encrypt: 'strict', readOnlyIntent: true },
      extra: { validateConnection: 'socket' },
    }) as { typeOrmOptions: object };
    expect(typeOrmOptions).toMatchObject({
      schema: 'app',
      pool: { max: 3, createTimeoutMillis: 30_000, acquireTimeoutMillis: 30_000 },
      options: { encrypt: 'strict', readOnlyIntent: true, trustServerCertificate: false },
      extra: { validateConnection: 'socket' },
    });
    expect(typeOrmOptions).not.toHaveProperty('resource');
  });

  it('let a login take its time, and the pool wait longer', () => {
    expect(resolve({ connectionTimeout: 60_000 })).toMatchObject({
      typeOrmOptions: { pool: { createTimeoutMillis: 61_000, acquireTimeoutMillis: 61_000 } },
    });
    expect(resolve({ connectionTimeout: 60_000, pool: { acquireTimeoutMillis: 5 } })).toMatchObject({
      typeOrmOptions: { pool: { createTimeoutMillis: 61_000, acquireTimeoutMillis: 5 } },
    });
  });

  it('take a private authority and a client certificate', () => {
    const ca = new CertificateAuthority().certificate;
    expect(resolve(tls({ ca, cert: 'c', key: 'k', minVersion: 'TLSv1.2' }))).toMatchObject({
      tls: { ca, cert: 'c', key: 'k', minVersion: 'TLSv1.2' },
    });
    const strict = { encrypt: 'strict', cryptoCredentialsDetails: { minVersion: 'TLSv1.3' } };
    expect(resolve({ options: strict })).toMatchObject({ encrypt: 'strict', tls: { minVersion: 'TLSv1.3' } });
  });

  it('do not inherit an authority that another package left on Object.prototype', () => {
    const inherited = ['ca', 'pfx', 'crl', 'allowPartialTrustChain'];
    for (const name of inherited) Reflect.set(Object.prototype, name, 'left');
    try {
      for (const given of [{}, tls({ cert: 'c' })]) {
        const found = resolve(given) as { tls: object };
        // As tedious does before it gives them to Node.js.
        const derived = Object.create(found.tls) as object;
        expect(inherited.filter((name) => name in derived)).toEqual([]);
      }
    } finally {
      for (const name of inherited) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  it.each<[option: string, given: object, fix: RegExp]>([
    ['username', { username: 'app' }, /finds the user by the token/],
    ['fallbackUsername', { fallbackUsername: 'app' }, /finds the user by the token/],
    ['roleNameFromToken', { roleNameFromToken: () => 'app' }, /finds the user by the token/],
    ['password', { password: 'hunter2' }, /the access token takes its place/],
    ['authentication', { authentication: { type: 'default' } }, /the access token takes its place/],
    ['domain', { domain: 'd' }, /the access token takes its place/],
    ['url', { url: 'mssql://app:hunter2@db.example/notes' }, /Give "host", "port" and "database"/],
    ['replication', { replication: { master: right, slaves: [] } }, /configure a second one for a replica/],
    ['driver', { driver: {} }, /brings its own use of "mssql"/],
    ['ssl', { ssl: true }, /cryptoCredentialsDetails/],
    ['poolSize', { poolSize: 3 }, /"pool": { max }/],
    ['connectTimeout', { connectTimeout: 1 }, /Write "connectionTimeout"/],
    ['connectTimeoutMS', { connectTimeoutMS: 1 }, /Write "connectionTimeout"/],
    ['connectionTimeout', { connectionTimeout: 0 }, /Give milliseconds from 1 to 600000/],
    ['maxConnectionLifetimeInMs', { maxConnectionLifetimeInMs: 5_000 }, /of PostgreSQL alone/],
    [
      'dangerouslySendTokenWithoutVerifiedTls',
      { dangerouslySendTokenWithoutVerifiedTls: true },
      /over verified TLS alone/,
    ],
    ['host', { host: undefined }, /"example.database.windows.net"/],
    ['host', { host: '10.0.0.4' }, /checked against the name/],
    ['host', { host: '/run/mssql.sock' }, /checked against the name/],
    ['host', { host: 'tcp:db.example,1433' }, /Give the name of the server/],
    ['host', { host: 'db.example\\instance' }, /Give the name of the server/],
    ['port', { port: 1433.5 }, /whole number/],
    ['port', { port: '1433' }, /Give a whole number from 1 to 65535; the default is 1433/],
    ['database', { database: '' }, /Give the name of the database/],
    ['resource', { resource: 7 }, /Give the name of a resource/],
    ['pool', { pool: 3 }, /Give an object/],
    ['options', { options: 'strict' }, /Give an object/],
    ['options.encrypt', { options: { encrypt: false } }, /goes over TLS alone/],
    ['options.encrypt', { options: { encrypt: 'optional' } }, /write true or "strict"/],
    ['options.trustServerCertificate', { options: { trustServerCertificate: true } }, /give { ca }/],
    ['options.serverName', { options: { serverName: 'other.example' } }, /checked against "host"/],
    ['options.connector', { options: { connector: () => undefined } }, /opens the sockets/],
    ['options.instanceName', { options: { instanceName: 'x' } }, /no named instances/],
    ['options.debug', { options: { debug: { data: true } } }, /would show every packet/],
    ['options.tdsVersion', { options: { tdsVersion: '7_3_B' } }, /since 7.4/],
    ['options.multiSubnetFailover', { options: { multiSubnetFailover: true } }, /tries every address/],
    ['options.connectTimeout', { options: { connectTimeout: 1 } }, /Write "connectionTimeout"/],
    ['options.port', { options: { port: 1434 } }, /an option of the data source/],
    ['options.database', { options: { database: 'x' } }, /an option of the data source/],
    ['options.cryptoCredentialsDetails', tls('ca'), /Give an object such as { ca }/],
    ['options.cryptoCredentialsDetails.ca', tls({ ca: '' }), /-----BEGIN CERTIFICATE-----/],
    [
      'options.cryptoCredentialsDetails.rejectUnauthorized',
      tls({ rejectUnauthorized: false }),
      /not an option/,
    ],
    ['options.cryptoCredentialsDetails.pfx', tls({ pfx: 'p' }), /Give ca, cert, key/],
    ['options.cryptoCredentialsDetails.minVersion', tls({ minVersion: 'TLSv1.3' }), /encrypt: "strict"/],
    ['extra', { extra: 7 }, /Give an object/],
    ['extra.beforeConnect', { extra: { beforeConnect: () => undefined } }, /Use the data source options/],
    ['extra.authentication', { extra: { authentication: {} } }, /Use the data source options/],
    ['extra.options', { extra: { options: {} } }, /Use the data source options/],
    ['extra.password', { extra: { password: 'hunter2' } }, /Use the data source options/],
    ['extra.debug', { extra: { debug: true } }, /Use the data source options/],
  ])('refuse "%s": %j', (option, given, fix) => {
    const error = refusal(given);
    expect(error).toMatchObject({ option: `dataSource.${option}`, fix: expect.stringMatching(fix) });
    expect(error.message).not.toContain('hunter2');
  });
});
