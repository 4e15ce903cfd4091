import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EncryptedRefreshTokenStore,
  EntraAuthModule,
  EntraDataSourceHealthIndicator,
  EntraTokenHealthIndicator,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  FileRefreshTokenStore,
  MemoryRefreshTokenStore,
  RefreshTokenCredential,
  createEntraDataSource,
  type CredentialOption,
  type EntraAuthModuleOptions,
  type EntraAuthOptionsFactory,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { localDataSource } from '../support/local-database.js';
import { SecretScan } from '../support/secret-scan.js';

const scope = 'https://graph.microsoft.com/.default';
const key = randomBytes(32).toString('base64url');
const password = 'the password of the certificate';
let entra: LocalEntra;
let pem: string;
let plainKey: string;
let scan: SecretScan;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
  const plain = readFileSync(entra.client.certificatePath, 'utf8');
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/.exec(plain)?.[0];
  const lock = { cipher: 'aes-256-cbc', passphrase: password };
  const privateKey = createPrivateKey(plain);
  pem = `${privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }).toString()}${certificate}`;
  plainKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
});

afterAll(() => entra.stop());

beforeEach(() => {
  scan = new SecretScan({
    'client secret': entra.client.clientSecret,
    'line of the private key': plainKey.split('\n')[3] ?? '',
    'line of the encrypted key': pem.split('\n')[3] ?? '',
    'password of the certificate': password,
    'key of the ring': key,
    'key of the ring as bytes': Buffer.from(key, 'base64url').toString('latin1'),
  });
});

const application = () => ({
  tenantId: entra.tenantId,
  clientId: entra.client.clientId,
  authorityHost: entra.authorityHost,
  certificateAuthority: entra.certificateAuthority,
});

function refreshTokenCredential(): RefreshTokenCredential {
  const refreshToken = entra.refreshTokens.issue({ scopes: ['openid', 'offline_access', scope] });
  scan.protect({ 'refresh token': refreshToken });
  const keys = { current: 'a', keys: { a: key } };
  return new RefreshTokenCredential({
    ...application(),
    clientSecret: entra.client.clientSecret,
    refreshToken,
    store: new EncryptedRefreshTokenStore({ store: new MemoryRefreshTokenStore(), keys }),
  });
}

const credentials: [string, () => CredentialOption][] = [
  [
    'a client secret',
    () => ({ kind: 'client-secret', ...application(), clientSecret: entra.client.clientSecret }),
  ],
  [
    'a client certificate',
    () => ({
      kind: 'client-certificate',
      ...application(),
      certificate: pem,
      certificatePassword: password,
    }),
  ],
  ['a refresh token', refreshTokenCredential],
];

/** What an application holds of the module, and a logger shows when it is given the application. */
@Injectable()
class Consumer {
  constructor(
    readonly tokens: EntraTokenService,
    readonly options: EntraTypeOrmOptionsFactory,
    readonly tokenHealth: EntraTokenHealthIndicator,
    readonly dataSourceHealth: EntraDataSourceHealthIndicator,
  ) {}
}

const optionsWith = (credential: CredentialOption): EntraAuthModuleOptions => ({
  resources: { graph: { credential } },
  credential,
});

const registrations: [string, (make: () => CredentialOption) => DynamicModule][] = [
  ['forRoot', (make) => EntraAuthModule.forRoot(optionsWith(make()))],
  [
    'forRootAsync with useFactory',
    (make) => EntraAuthModule.forRootAsync({ useFactory: () => optionsWith(make()) }),
  ],
  [
    'forRootAsync with useClass',
    (make) => {
      @Injectable()
      class Options implements EntraAuthOptionsFactory {
        createEntraAuthOptions(): EntraAuthModuleOptions {
          return optionsWith(make());
        }
      }
      return EntraAuthModule.forRootAsync({ useClass: Options });
    },
  ],
];

describe.each(credentials)('%s', (_, make) => {
  it.each(registrations)('is not shown by an application with %s', async (_way, register) => {
    @Module({ imports: [register(make)], providers: [Consumer] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, {
      logger: false,
      abortOnError: false,
    });
    const consumer = app.get(Consumer);
    const { token } = await consumer.tokens.getToken('graph');
    scan.protect({ 'access token': token });
    scan.reachable('app', app);
    for (const [name, provider] of Object.entries(consumer)) scan.value(name, provider);
    expect(scan.leaks().slice(0, 3)).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
    await app.close();
  });
});

describe('a data source', () => {
  it('shows neither secret nor token', async () => {
    const credential: CredentialOption = {
      kind: 'client-secret',
      ...application(),
      clientSecret: entra.client.clientSecret,
    };
    const dataSource = await createEntraDataSource({ credential, dataSource: localDataSource(entra) });
    await dataSource.initialize();
    await dataSource.query('select 1');
    scan.reachable('the data source', dataSource);
    scan.value('its options', dataSource.options);
    expect(scan.leaks().slice(0, 3)).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
    await dataSource.destroy();
  });
});

describe('a credential in a variable', () => {
  it('shows neither secret nor refresh token', async () => {
    const credential = refreshTokenCredential();
    const { token } = await credential.getToken(scope);
    scan.protect({ 'access token': token });
    scan.value('the credential', credential);
    scan.value('a file store', new FileRefreshTokenStore({ path: '/tmp/none.json' }));
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(20);
    await credential.close();
  });
});
