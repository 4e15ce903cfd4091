import { createConnection, createServer, type AddressInfo, type Server } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  EntraAuthModule,
  EntraTokenService,
  EntraTypeOrmOptionsFactory,
  isEntraAuthError,
  type EntraAuthModuleOptions,
} from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import {
  DataSource,
  EntitySchema,
  EventSubscriber,
  type DataSourceOptions,
  type EntitySubscriberInterface,
  type Repository,
} from 'typeorm';

import { HandMadeCredential, localDataSource } from '../../support/local-database.js';

interface Note {
  id?: number;
  text: string;
}

const Note = new EntitySchema<Note>({
  name: 'note',
  columns: { id: { type: Number, primary: true, generated: true }, text: { type: String } },
});

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: { rights: 'migrations' } });
});

afterAll(() => entra.stop());

const entraAuth = (dataSource: EntraAuthModuleOptions['dataSource']): DynamicModule =>
  EntraAuthModule.forRoot({ credential: new HandMadeCredential(entra), dataSource });

const nothing = (): void => undefined;
const silent = { log: nothing, error: nothing, warn: nothing };

const boot = async (...imports: DynamicModule[]): Promise<TestingModule> =>
  (await Test.createTestingModule({ imports }).setLogger(silent).compile()).init();

const currentUser = (app: TestingModule, name?: string): Promise<unknown> =>
  app.get<DataSource>(getDataSourceToken(name)).query('select current_user as name');

/** A port without a listener until `open`; then it leads to the local PostgreSQL. */
async function closedPort(): Promise<{ port: number; open: () => void; close: () => Promise<void> }> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  let server: Server | undefined;
  const open = (): void => {
    server ??= createServer((client) => {
      const backend = createConnection(entra.postgres.port, '127.0.0.1');
      for (const [one, other] of [
        [client, backend],
        [backend, client],
      ] as const) {
        one.on('error', () => other.destroy()).pipe(other);
      }
    }).listen(port, '127.0.0.1');
  };
  const close = async (): Promise<void> =>
    new Promise((resolve) => (server === undefined ? resolve() : void server.close(() => resolve())));
  return { port, open, close };
}

describe('TypeOrmModule.forRootAsync', () => {
  const variants: Record<string, Parameters<typeof TypeOrmModule.forRootAsync>[0]> = {
    'useExisting with the factory': { useExisting: EntraTypeOrmOptionsFactory },
    'useFactory with the factory': {
      inject: [EntraTypeOrmOptionsFactory],
      useFactory: async (factory: EntraTypeOrmOptionsFactory) => ({
        ...(await factory.createTypeOrmOptions()),
        logging: false,
      }),
    },
    'useFactory with the token service, and options of its own': {
      inject: [EntraTokenService],
      useFactory: (tokens: EntraTokenService) => ({
        ...localDataSource(entra),
        password: tokens.passwordProvider('postgres'),
      }),
    },
    'a dataSourceFactory of its own': {
      useExisting: EntraTypeOrmOptionsFactory,
      dataSourceFactory: (options) => new DataSource(options as DataSourceOptions).initialize(),
    },
  };

  it.each(Object.entries(variants))('takes %s', async (_, options) => {
    const app = await boot(entraAuth(localDataSource(entra)), TypeOrmModule.forRootAsync(options));
    expect(await currentUser(app)).toEqual([{ name: entra.client.name }]);
    await app.close();
  });

  it('tells several data sources apart by their names', async () => {
    const app = await boot(
      entraAuth({
        default: { ...localDataSource(entra), applicationName: 'one' },
        other: { ...localDataSource(entra), applicationName: 'two' },
      }),
      TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
      TypeOrmModule.forRootAsync({ name: 'other', useExisting: EntraTypeOrmOptionsFactory }),
    );
    for (const [name, expected] of [
      [undefined, 'one'],
      ['other', 'two'],
    ] as const) {
      const dataSource = app.get<DataSource>(getDataSourceToken(name));
      expect(await dataSource.query('show application_name')).toEqual([{ application_name: expected }]);
    }
    await app.close();
  });

  it('loads the entities of the features, and calls subscribers', async () => {
    const heard: unknown[] = [];
    @EventSubscriber()
    class Listener implements EntitySubscriberInterface<Note> {
      listenTo = () => Note.options.name;
      afterInsert = ({ entity }: { entity: Note }): void => void heard.push(entity.text);
    }
    const app = await boot(
      entraAuth({
        ...localDataSource(entra),
        autoLoadEntities: true,
        synchronize: true,
        subscribers: [Listener],
      }),
      TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
      TypeOrmModule.forFeature([Note]),
    );
    const notes = app.get<Repository<Note>>(getRepositoryToken(Note));
    const { id } = await notes.save({ text: 'hello' });
    expect(await notes.findOneBy({ id: id ?? 0 })).toEqual({ id, text: 'hello' });
    expect(heard).toEqual(['hello']);
    await app.close();
  });
});

describe('a server that is down when the application boots', () => {
  it('is waited for according to retryAttempts, and the application boots when it comes up', async () => {
    const { port, open, close } = await closedPort();
    const errors: unknown[] = [];
    const app = await boot(
      entraAuth({
        ...localDataSource(entra),
        port,
        retryAttempts: 5,
        retryDelay: 1,
        toRetry: (error: unknown) => {
          errors.push(error);
          if (errors.length === 3) open();
          return true;
        },
      }),
      TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
    );
    expect(await currentUser(app)).toEqual([{ name: entra.client.name }]);
    expect(errors.map((error) => isEntraAuthError(error) && error.code)).toEqual(
      Array(3).fill('ENTRA_DATABASE_UNREACHABLE'),
    );
    await app.close();
    await close();
  });

  it('and stays down ends the boot with a typed error that names its address', async () => {
    const { port } = await closedPort();
    const booting = boot(
      entraAuth({ ...localDataSource(entra), port, retryAttempts: 2, retryDelay: 1 }),
      TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
    );
    await expect(booting).rejects.toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      message: expect.stringContaining(`localhost:${port}`) as unknown,
    });
  });
});
