import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { ensureReference } from '../support/build.js';

/** What says all by its name. */
const plain = /\.(name|code) \(Property\)$|\.__type\./;
/** The parts of clients that are used here, which their own documentation describes. */
const structural = /^(redis\.Redis(Client|Cluster)|nest\/users\.(IoredisClient|NodeRedisClient))\./;
/** Names of the protocols, as servers send them. */
const wire = /^nest\/users\.SignInResponse\./;
describe('the reference: npm run docs:api', () => {
  let folder: string;
  let log: string;

  beforeAll(async () => {
    ({ folder, log } = await ensureReference());
  });

  it('has a page with a search for every entry', async () => {
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    for (const entry of ['index', 'testing', 'redis', 'kafka', 'nest/users', 'store/typeorm', 'dashboard'])
      expect(page).toContain(`>${entry}<`);
    expect((await readFile(join(folder, 'assets/search.js'), 'utf8')).length).toBeGreaterThan(1_000);
  });

  it('documents every public item', () => {
    const lines = stripVTControlCharacters(log).split('\n');
    const missing = lines
      .map((line) => /^\[warning\] (.*), defined in .*, does not have any documentation$/.exec(line)?.[1])
      .filter((name) => name !== undefined);
    expect(missing.length).toBeGreaterThan(0);
    const unexpected = missing.filter((name) => ![plain, structural, wire].some((one) => one.test(name)));
    expect([...new Set(unexpected)]).toEqual([]);
  });
});
