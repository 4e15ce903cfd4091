import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createEntraDataSource, EntraAuthModule, EntraTokenService } from 'nestjs-entra-auth';
import { Test } from '@nestjs/testing';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { localDataSource } from '../support/local-data-source.js';

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
});
afterAll(() => entra.stop());
afterEach(() => {
  for (const key of polluted) Reflect.deleteProperty(Object.prototype, key);
});

const polluted = ['ca', 'rejectUnauthorized', 'checkServerIdentity', 'secureContext', 'pskCallback'] as const;

/** What another package's fault may leave on every object of the process. */
function pollute(properties: Partial<Record<(typeof polluted)[number], unknown>>): void {
  for (const [key, value] of Object.entries(properties))
    Object.defineProperty(Object.prototype, key, { value, configurable: true, writable: true });
}

function credential() {
  const { tenantId, clientId, clientSecret } = entra.client;
  const { authorityHost, certificateAuthority } = entra;
  return {
    kind: 'client-secret',
    tenantId,
    clientId,
    clientSecret,
    authorityHost,
    certificateAuthority,
  } as const;
}

describe('a property on Object.prototype', () => {
  it('"ca" does not make a database server trusted', async () => {
    pollute({ ca: entra.certificateAuthority });
    const { ssl: _, ...withoutAuthority } = localDataSource(entra);
    const source = await createEntraDataSource({ credential: credential(), dataSource: withoutAuthority });
    await expect(source.initialize()).rejects.toMatchObject({ code: 'ENTRA_INSECURE_CONNECTION' });
    expect(entra.postgres.logins.accepted).toBe(0);
  });

  it('"rejectUnauthorized" and "checkServerIdentity" do not make one trusted', async () => {
    pollute({ rejectUnauthorized: false, checkServerIdentity: () => undefined });
    const { ssl: _, ...withoutAuthority } = localDataSource(entra);
    const source = await createEntraDataSource({ credential: credential(), dataSource: withoutAuthority });
    await expect(source.initialize()).rejects.toMatchObject({
      code: expect.stringMatching(/^ENTRA_(DATABASE_UNREACHABLE|INSECURE_CONNECTION)$/),
    });
    expect(entra.postgres.logins.accepted).toBe(0);
  });

  it('leaves tokens and logins as they are', async () => {
    pollute({ secureContext: {}, pskCallback: () => null });
    const source = await createEntraDataSource({
      credential: credential(),
      dataSource: localDataSource(entra),
    });
    await source.initialize();
    await expect(source.query('select 1 as one')).resolves.toEqual([{ one: 1 }]);
    await source.destroy();
    const app = await Test.createTestingModule({
      imports: [EntraAuthModule.forRoot({ credential: credential(), resources: { graph: {} } })],
    }).compile();
    await app.init();
    await expect(app.get(EntraTokenService).getToken('graph')).resolves.toBeDefined();
    await app.close();
  });
});
