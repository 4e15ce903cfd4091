import { createRequire } from 'node:module';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntraTokenService, TokenCredential } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { messagesOf } from '../../../docs/recipes/drivers/mssql-failure.js';
import { sqlServerOptions } from '../../../docs/recipes/drivers/typeorm-mssql.js';
import { createDataSourceFactory } from '../../support/local-database.js';
import { credentialFactory } from '../../support/local-entra.js';

let entra: LocalEntra;
let tokens: EntraTokenService;

beforeAll(async () => {
  entra = await startLocalEntra();
  const resources = { sql: {}, graph: {} };
  tokens = createDataSourceFactory({ credential: credentialFactory(entra), resources }).service;
});

afterAll(async () => {
  await tokens?.onApplicationShutdown();
  await entra?.stop();
});

/** The credential where the driver finds it. */
function credentialIn(options: ReturnType<typeof sqlServerOptions>): TokenCredential {
  const { authentication } = options.extra as {
    authentication: { type: string; options: { credential: TokenCredential } };
  };
  expect(authentication.type).toBe('token-credential');
  return authentication.options.credential;
}

describe('the recipe for Azure SQL through TypeORM', () => {
  it("gives the driver the database's token from memory, whatever scope the server names", async () => {
    const credential = credentialIn(
      sqlServerOptions(tokens, { host: 'localhost', port: 1433, database: 'notes' }),
    );
    const { token } = await tokens.getToken('sql');
    entra.requests.reset();
    for (const scope of ['https://database.windows.net/.default', 'https://graph.microsoft.com/.default']) {
      expect((await credential.getToken(scope))?.token).toBe(token);
    }
    expect(entra.requests.total).toBe(0);
    expect(entra.verifyToken(token, { audience: 'https://database.windows.net' }).aud).toBe(
      'https://database.windows.net',
    );
  });

  it('turns verified TLS on', () => {
    expect(sqlServerOptions(tokens, { host: 'localhost', port: 1433, database: 'notes' })).toMatchObject({
      options: { encrypt: true, trustServerCertificate: false },
    });
  });
});

describe('an error of mssql for a login without a token', () => {
  const { ConnectionError } = createRequire(import.meta.url)('mssql') as {
    ConnectionError: new (cause: Error) => Error;
  };
  // The error that tedious makes of a credential's.
  const failure = new ConnectionError(
    new AggregateError([
      new Error('Security token could not be authenticated or authorized.'),
      new Error('AADSTS90033'),
    ]),
  );

  it('has an empty message', () => {
    expect(failure.message).toBe('');
  });

  it('gives its reason to the recipe', () => {
    expect(messagesOf(failure)).toEqual([
      'Security token could not be authenticated or authorized.',
      'AADSTS90033',
    ]);
    expect(messagesOf(new Error('Login failed.', { cause: 'unknown' }))).toEqual(['Login failed.']);
    expect(messagesOf(undefined)).toEqual([]);
  });
});
