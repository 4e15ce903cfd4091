/** Runs in each test file: turns one mutant on, and notes which ones the file's tests come by. */
import { appendFileSync } from 'node:fs';

import { afterAll, expect } from '@jest/globals';

const active = Number(process.env['MUTANT'] ?? NaN);
const record = process.env['MUTANT_HITS'];
const hits = new Set();

globalThis.__mutant = (id) => {
  hits.add(id);
  return id === active;
};

afterAll(() => {
  if (record === undefined || record === '') return;
  appendFileSync(record, `${JSON.stringify({ file: expect.getState().testPath, hits: [...hits] })}\n`);
});
