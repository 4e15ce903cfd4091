import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { TokenFile } from '../../../../lib/store/file/token-file.js';

let directory: string;
let file: TokenFile;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-file-'));
  file = await TokenFile.at(join(directory, 'token'), false);
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is replaced, and leaves nothing behind', async () => {
  expect(await file.replace('new', () => Promise.resolve(true))).toBe(true);
  expect(readFileSync(file.path, 'utf8')).toBe('new');
  expect(readdirSync(directory)).toEqual(['token']);
});

it('is not replaced when the lock was lost meanwhile', async () => {
  expect(await file.replace('new', () => Promise.resolve(false))).toBe(false);
  expect(existsSync(file.path)).toBe(false);
});

it('is not reported as replaced when the next holder of the lock has tidied up before', async () => {
  const tidyUp = (): Promise<boolean> => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    return Promise.resolve(true);
  };
  expect(await file.replace('new', tidyUp)).toBe(false);
  expect(existsSync(file.path)).toBe(false);
});
