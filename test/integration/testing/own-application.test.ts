import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { EntraAuthModule, EntraTokenService, EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import type { DataSource } from 'typeorm';

import { createGraphClient } from '../../../docs/recipes/graph.js';

/** An application as its author wrote it: it knows its environment, and nothing of tests. */
@Module({
  imports: [
    EntraAuthModule.forRootAsync({
      useFactory: () => ({
        credential: { kind: 'default' },
        resources: { graph: {} },
        dataSource: { type: 'postgres', url: process.env['DATABASE_URL'] ?? '' },
      }),
    }),
    TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
  ],
})
class AppModule {}

describe('an application that takes everything from its environment', () => {
  const environment = { ...process.env };
  let entra: LocalEntra;
  let app: TestingModule;

  beforeAll(async () => {
    entra = await startLocalEntra({
      postgres: true,
      client: { graphPermissions: ['Organization.Read.All'] },
    });
    Object.assign(process.env, entra.environment('app-service'));
    app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await app.init();
  });
  afterAll(async () => {
    await app?.close();
    await entra?.stop();
    process.env = environment;
  });

  it('logs in to the database', async () => {
    const dataSource = app.get<DataSource>(getDataSourceToken());
    await expect(dataSource.query('select current_user as user')).resolves.toEqual([
      { user: entra.postgres.username },
    ]);
  });

  describe('and calls Graph, which the local one answers', () => {
    let graph: Disposable;
    beforeEach(() => void (graph = entra.interceptGraph()));
    afterEach(() => graph[Symbol.dispose]());

    it('by its SDK, which sends tokens to the hosts of Graph alone', async () => {
      const client = createGraphClient(app.get(EntraTokenService));
      await expect(client.api('/organization').get()).resolves.toMatchObject({
        value: [{ id: entra.tenantId }],
      });
    });

    it('by fetch, with a body and until the caller gives up', async () => {
      const address = 'https://graph.microsoft.com/v1.0/users';
      const response = await fetch(address, { method: 'POST', body: '{}' });
      expect(response.status).toBeGreaterThanOrEqual(400);
      entra.latencyInMs = 60_000;
      const signal = AbortSignal.timeout(20);
      await expect(fetch(new Request(address, { signal }))).rejects.toMatchObject({ name: 'AbortError' });
      entra.latencyInMs = 0;
    });

    it('and leaves every other host alone', async () => {
      const server = createServer((_, response) => response.end('other')).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/`);
      await expect(response.text()).resolves.toBe('other');
      server.closeAllConnections();
      server.close();
    });
  });

  it('gives the global fetch back, but not over what a test has put there since', () => {
    const before = globalThis.fetch;
    const first = entra.interceptGraph();
    expect(globalThis.fetch).not.toBe(before);
    first[Symbol.dispose]();
    expect(globalThis.fetch).toBe(before);

    const second = entra.interceptGraph();
    const mine: typeof fetch = () => Promise.reject(new Error('mine'));
    globalThis.fetch = mine;
    second[Symbol.dispose]();
    expect(globalThis.fetch).toBe(mine);
    globalThis.fetch = before;
  });
});
