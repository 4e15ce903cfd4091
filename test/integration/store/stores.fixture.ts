import 'reflect-metadata';

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EncryptedRefreshTokenStore, FileRefreshTokenStore, type RefreshTokenStore } from 'nestjs-entra-auth';
import { DataSource, type DataSourceOptions } from 'typeorm';

import { MemoryRefreshTokenStore } from '../../../lib/store/memory.refresh-token-store.js';
import {
  CreateEntraRefreshToken1763683200000,
  TypeOrmRefreshTokenStore,
} from '../../../lib/store/typeorm/index.js';
import { startTestServer, type TestServer } from '../testing/postgres.fixture.js';

/** A store as two replicas see it. */
export interface Replicas {
  one: RefreshTokenStore;
  other: RefreshTokenStore;
}

export const kinds = ['memory', 'file', 'database', 'encrypted file', 'encrypted database'] as const;
export type Kind = (typeof kinds)[number];

/** Where the stores of a test file keep what they keep. */
export class Places {
  readonly directory = mkdtempSync(join(tmpdir(), 'refresh-token-'));
  readonly key = randomBytes(32);
  readonly #dataSources: DataSource[] = [];
  #server: TestServer | undefined;

  async start(): Promise<void> {
    this.#server = await startTestServer({ rights: 'migrations' });
    const first = await this.connect({ migrations: [CreateEntraRefreshToken1763683200000] });
    await first.runMigrations();
    await this.connect();
  }

  async stop(): Promise<void> {
    const open = this.#dataSources.filter(({ isInitialized }) => isInitialized);
    await Promise.all(open.map((dataSource) => dataSource.destroy()));
    await this.#server?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get server(): TestServer {
    return this.#server!;
  }

  async connect(options: Partial<DataSourceOptions> = {}): Promise<DataSource> {
    const { host, port, database, user, password, ssl } = this.server.client();
    const connection = { type: 'postgres', host, port, database, username: user, password, ssl };
    const dataSource = new DataSource({ ...connection, ...options } as DataSourceOptions);
    this.#dataSources.push(dataSource);
    return dataSource.initialize();
  }

  newPath(): string {
    return join(this.directory, `${randomUUID()}.json`);
  }

  /** An empty store of a kind, twice. */
  replicas(kind: Kind): Replicas {
    switch (kind) {
      case 'memory': {
        const one = new MemoryRefreshTokenStore();
        return { one, other: one };
      }
      case 'file': {
        const path = this.newPath();
        return { one: new FileRefreshTokenStore({ path }), other: new FileRefreshTokenStore({ path }) };
      }
      case 'database': {
        const name = randomUUID();
        const [first, second] = this.#dataSources as [DataSource, DataSource];
        return {
          one: new TypeOrmRefreshTokenStore({ dataSource: first, name }),
          other: new TypeOrmRefreshTokenStore({ dataSource: second, name }),
        };
      }
      case 'encrypted file':
        return this.#encrypted('file');
      case 'encrypted database':
        return this.#encrypted('database');
    }
  }

  #encrypted(kind: Kind): Replicas {
    const { one, other } = this.replicas(kind);
    const keys = { current: 'k1', keys: { k1: this.key } };
    return {
      one: new EncryptedRefreshTokenStore({ store: one, keys }),
      other: new EncryptedRefreshTokenStore({ store: other, keys }),
    };
  }
}

/** A value that is a secret through and through. */
export function grant(refreshToken = `1.${randomBytes(24).toString('base64url')}`) {
  return { refreshToken, obtainedOnTimestamp: Date.UTC(2026, 0, 1) };
}
