import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EntraAuthModule, EntraTokenService, EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { everydayMistakes } from '../../../scripts/everyday-mistakes.mjs';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});
afterAll(() => entra.stop());

/** What differs between runs. */
const withoutChance = (message: string): string =>
  message
    .replaceAll(entra.tenantId, '<tenant>')
    .replaceAll(/localhost:\d+/g, 'localhost:<port>')
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>')
    .replaceAll(/\b\d+ s\b/g, '<n> s')
    .replaceAll(/\d{4}-\d\d-\d\d[ T][\d:]{8}(\.\d+)?Z/g, '<time>');

/** What the module writes to the log. */
class Log extends ConsoleLogger {
  readonly lines: string[] = [];

  override printMessages(messages: unknown[], context?: string): void {
    if (context === 'EntraAuth') this.lines.push(...messages.map(String));
  }
}

type Imports = (Type | DynamicModule)[];

/** Boots an application and lets it work, and returns the error that ends it, or else what the log has. */
async function boot(
  imports: Imports,
  work?: (tokens: EntraTokenService) => Promise<unknown>,
): Promise<string> {
  class AppModule {}
  Module({ imports })(AppModule);
  const logger = new Log();
  try {
    const app = await NestFactory.createApplicationContext(AppModule, { logger, abortOnError: false });
    try {
      await work?.(app.get(EntraTokenService));
    } finally {
      await app.close();
    }
    return logger.lines.join('\n');
  } catch (error) {
    return (error as Error).message;
  }
}

/** Options as a user writes them without TypeScript. */
const entraAuth = (options: object): DynamicModule => EntraAuthModule.forRoot(options);
const typeOrm = () => TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory });
const secret = (changes: object = {}) => {
  const { authorityHost, certificateAuthority, client } = entra;
  const { tenantId, clientId, clientSecret } = client;
  const credential = { kind: 'client-secret', tenantId, clientId, clientSecret };
  return { credential: { ...credential, authorityHost, certificateAuthority, ...changes } };
};
const database = (changes: object = {}) => {
  const { host, port, database: name, username } = entra.postgres;
  const ssl = { ca: entra.certificateAuthority };
  return { dataSource: { type: 'postgres', host, port, database: name, username, ssl, ...changes } };
};
const graph = { resources: { graph: {} } };

const mistakes: Readonly<Record<string, () => Promise<string>>> = {
  'the call of forRoot() is missing': () => boot([EntraAuthModule]),
  'an option is misspelt': () => boot([entraAuth({ ...secret(), resource: { graph: {} } })]),
  'a resource of your own has no scopes': () => boot([entraAuth({ ...secret(), resources: { orders: {} } })]),
  'the name of a resource is misspelt': () =>
    boot([entraAuth({ ...secret(), ...graph })], (tokens) => tokens.getToken('grahp')),
  'the password is still there': () =>
    boot([entraAuth({ ...secret(), ...database({ password: 'hunter2' }) }), typeOrm()]),
  'TLS is not verified': () =>
    boot([entraAuth({ ...secret(), ...database({ ssl: { rejectUnauthorized: false } }) }), typeOrm()]),
  'the id of the secret is used in place of its value': () =>
    boot([entraAuth({ ...secret({ clientSecret: '11111111-2222-3333-4444-555555555555' }), ...graph })]),
  'the application is registered in another tenant': () =>
    boot([entraAuth({ ...secret({ clientId: '66666666-7777-8888-9999-000000000000' }), ...graph })]),
  'the role is written in another case': () =>
    boot([entraAuth({ ...secret(), ...database({ username: 'Notes-App' }) }), typeOrm()]),
  'a second data source has a name that is not configured': () =>
    boot([
      entraAuth({ ...secret(), ...database() }),
      TypeOrmModule.forRootAsync({ name: 'reports', useExisting: EntraTypeOrmOptionsFactory }),
    ]),
  'TypeOrmModule is missing': () => boot([entraAuth({ ...secret(), ...database() })]),
  'the module is registered twice': () =>
    boot([entraAuth({ ...secret(), ...graph }), entraAuth({ ...secret(), resources: { keyvault: {} } })]),
};

describe('an everyday mistake', () => {
  it.each(everydayMistakes)(
    '$mistake: the message is the one in docs/errors.md',
    async ({ mistake, message }) => {
      const said = withoutChance((await mistakes[mistake]?.()) ?? '');
      // The log has other lines, too.
      expect(said.split('\n')).toContain(message);
    },
  );

  it('is one of twelve', () => {
    expect(everydayMistakes.map(({ mistake }) => mistake)).toEqual(Object.keys(mistakes));
    expect(everydayMistakes).toHaveLength(12);
  });
});
