import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';
import { runProgram } from '../support/run-program.js';

type Statuses = readonly string[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-results-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes results as the test runner does: the files, and the status of each test in them. */
async function results(name: string, files: Record<string, Statuses | 'cannot run'>): Promise<string> {
  const testResults = Object.entries(files).map(([path, statuses]) => ({
    name: join(repositoryRoot, path),
    status: statuses === 'cannot run' || statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: (statuses === 'cannot run' ? [] : statuses).map((status, n) => ({
      status,
      fullName: `${path} ${n}`,
    })),
  }));
  const file = join(folder, name);
  await writeFile(file, JSON.stringify({ testResults }));
  return file;
}

const read = (...args: string[]) =>
  runProgram(process.execPath, ['.ci/results.mjs', ...args], { cwd: repositoryRoot });
const none = 'not-there.json';

describe('what a run of all tests comes to', () => {
  it('is what passed and failed', async () => {
    const all = await results('all', { 'test/unit/a.test.ts': ['passed', 'passed'] });
    expect(await read('summary', '0', all, none)).toMatchObject({
      stdout: '2 passed, 0 failed\n',
      exitCode: 0,
    });
    expect(await read('summary', '1', all, none)).toMatchObject({ exitCode: 1 });
    expect(await read('summary', '0', await results('empty', {}), none)).toMatchObject({ exitCode: 1 });
    expect(await read('summary', '0', none, none)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^Failed: npm test left no results/),
    });
  });

  it('counts a file that cannot be run as a failure, and lets no test be skipped', async () => {
    const broken = await results('broken', {
      'test/unit/a.test.ts': ['passed'],
      'test/e2e/b.test.ts': 'cannot run',
    });
    expect(await read('summary', '0', broken, none)).toMatchObject({
      stdout: '1 passed, 1 failed\n',
      exitCode: 1,
    });
    const skipping = await results('skipping', { 'test/unit/a.test.ts': ['passed', 'pending'] });
    const { stdout, exitCode } = await read('summary', '0', skipping, none);
    expect([stdout, exitCode]).toEqual([
      expect.stringMatching(/^Failed: 1 skipped.*\n1 passed, 0 failed\n$/),
      1,
    ]);
  });

  it('has the second run of a few files in place of their first, and names what failed at first', async () => {
    const first = await results('first', {
      'test/e2e/a.test.ts': ['passed', 'failed'],
      'test/unit/b.test.ts': ['passed'],
    });
    expect(await read('again', first)).toMatchObject({ stdout: 'test/e2e/a.test.ts\n' });
    const passed = await results('second', { 'test/e2e/a.test.ts': ['passed', 'passed'] });
    expect(await read('summary', '0', first, passed)).toMatchObject({
      stdout: 'Failed at first, and was run again alone: test/e2e/a.test.ts 1\n3 passed, 0 failed\n',
      exitCode: 0,
    });
    const failed = await results('third', { 'test/e2e/a.test.ts': ['failed', 'passed'] });
    expect(await read('summary', '1', first, failed)).toMatchObject({
      stdout: expect.stringMatching(/\n2 passed, 1 failed\n$/),
      exitCode: 1,
    });
  });

  it.each<[string, Record<string, Statuses | 'cannot run'>]>([
    ['a unit test', { 'test/unit/a.test.ts': ['failed'], 'test/e2e/b.test.ts': ['failed'] }],
    [
      'four files',
      Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`test/e2e/${name}.test.ts`, ['failed']])),
    ],
    ['none', { 'test/e2e/a.test.ts': ['passed'] }],
  ])('has no second run when what failed is %s', async (_, files) => {
    expect(await read('again', await results('failed', files))).toMatchObject({ stdout: '', exitCode: 0 });
  });
});
