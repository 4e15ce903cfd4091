import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { openStore } from '../../../lib/cli/open-store.js';

// What a module exports: it counts the connections that it has open.
const fakeDataSource = `{
  options: { type: 'postgres', database: 'app' },
  namingStrategy: { tableName: (_, name) => name, primaryKeyName: () => 'pk' },
  isInitialized: false,
  createQueryRunner() {},
  async initialize() { globalThis.openConnections++; this.isInitialized = true; return this; },
  async destroy() { globalThis.openConnections--; },
}`;
const counter = globalThis as unknown as { openConnections: number };

describe('a data source', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-cli-'));
    counter.openConnections = 0;
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function moduleOf(text: string): Promise<string> {
    const path = join(folder, 'data-source.mjs');
    await writeFile(path, text);
    return path;
  }

  it('is connected until the store is let go of', async () => {
    const dataSource = await moduleOf(`export default ${fakeDataSource};`);
    const opened = await openStore({ dataSource, name: 'default' }, {});
    expect(counter.openConnections).toBe(1);
    await opened?.[Symbol.asyncDispose]();
    expect(counter.openConnections).toBe(0);
  });

  it('is not connected for keys that cannot be used', async () => {
    const dataSource = await moduleOf(`globalThis.openConnections = 100; export default ${fakeDataSource};`);
    const keys = { ENTRA_AUTH_STORE_KEYS: 'a=short' };
    await expect(openStore({ dataSource, name: 'default' }, keys)).rejects.toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
    });
    expect(counter.openConnections).toBe(0);
  });

  it('is let go of when the store cannot be made', async () => {
    const dataSource = await moduleOf(`export default ${fakeDataSource};`);
    await expect(openStore({ dataSource, name: '' }, {})).rejects.toMatchObject({
      code: 'ENTRA_OPTIONS_INVALID',
    });
    expect(counter.openConnections).toBe(0);
  });

  it('is let go of when it was connected already and is one of several', async () => {
    const dataSource = await moduleOf(
      `export const one = await ${fakeDataSource}.initialize(); export const other = ${fakeDataSource};`,
    );
    await expect(openStore({ dataSource, name: 'default' }, {})).rejects.toThrow(/several of them/);
    expect(counter.openConnections).toBe(0);
  });
});
