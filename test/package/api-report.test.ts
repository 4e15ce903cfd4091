import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { ensurePacked, repositoryRoot } from '../support/build.js';
import { apiReport } from './api-report.js';

const file = join(repositoryRoot, 'test/package/api-report.txt');

describe('the public API', () => {
  let report: string;

  beforeAll(async () => {
    await ensurePacked();
    report = await apiReport(repositoryRoot);
  });

  it('changes on purpose only: UPDATE_API=1 writes the report anew', async () => {
    if (process.env['UPDATE_API'] === '1') await writeFile(file, report);
    expect(report).toBe(await readFile(file, 'utf8'));
  });

  it('has 70 names at most in the root', () => {
    const [, count] = /^# nestjs-entra-auth: (\d+) names$/m.exec(report) ?? [];
    expect(Number(count)).toBeLessThanOrEqual(70);
    expect(Number(count)).toBeGreaterThan(50);
  });

  it('is reported with every type that a signature names', () => {
    expect(report).toMatch(/^# Reached through these: \d+ types$/m);
    expect(report).toContain('interface RefreshOptions {');
    expect(report).not.toMatch(/#private|\*\//);
  });
});
