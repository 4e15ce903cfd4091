import { Logger, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EntraAuthModule, EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';

const credential = {
  getToken: () => Promise.resolve({ token: 'opaque', expiresOnTimestamp: Date.now() + 3_600_000 }),
};
const dataSource = { type: 'postgres', host: 'db.example', username: 'app', database: 'app' } as const;

afterEach(() => void jest.restoreAllMocks());

async function warningsOf(
  imports: DynamicModule[],
  before: (factory: EntraTypeOrmOptionsFactory) => Promise<unknown> = () => Promise.resolve(),
): Promise<unknown[]> {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const app = await Test.createTestingModule({ imports }).compile();
  await before(app.get(EntraTypeOrmOptionsFactory, { strict: false }));
  await app.init();
  await app.close();
  return warn.mock.calls.map(([line]) => line as unknown);
}

describe('an application that has started is warned of', () => {
  it('a second registration of the module', async () => {
    const register = (name: string) =>
      EntraAuthModule.forRoot({ credential, resources: { [name]: { scopes: 'api://a/.default' } } });
    const lines = await warningsOf([register('a'), register('b')]);
    expect(lines).not.toEqual([]);
    for (const line of lines) expect(line).toMatch(/^EntraAuthModule is registered 2 times/);
  });

  it('a data source that TypeORM has not asked for', async () => {
    const module = EntraAuthModule.forRoot({ credential, startup: 'lazy', dataSource });
    expect(await warningsOf([module])).toEqual([
      expect.stringMatching(/^The data source "default" is configured, but TypeORM has not asked for it/),
    ]);
  });

  it('nothing, when everything is in use', async () => {
    const module = EntraAuthModule.forRoot({ credential, startup: 'lazy', dataSource });
    expect(await warningsOf([module], (factory) => factory.createTypeOrmOptions())).toEqual([]);
  });
});
