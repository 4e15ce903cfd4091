import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';

const read = (file: string): Promise<string> => readFile(join(repositoryRoot, file), 'utf8');

interface Lock {
  packages: Record<string, { version: string }>;
}

it('docs/underneath.md names installed versions, and tests that exist', async () => {
  const { packages } = JSON.parse(await read('package-lock.json')) as Lock;
  const lines = (await read('docs/underneath.md')).split('\n').filter((line) => line.startsWith('| `'));
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name, version] = /^`([^`]+)` (\S+)$/.exec(cells[1] ?? '') ?? [];
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
    const [, test = ''] = /^`(test\/[\w/.-]+\.test\.ts)`$/.exec(cells[5] ?? '') ?? [];
    await expect(access(join(repositoryRoot, test))).resolves.toBeUndefined();
    expect(test).not.toBe('');
  }
});
