/**
 * Makes what several test files share, each of which would make it or wait for it in a run of its own:
 * `node --import ./test/support/typescript.mjs test/package/prepare.ts`.
 */
import { join } from 'node:path';

import { ensureBuilt, ensureInstalled, ensureSite } from '../support/build.js';

await ensureBuilt();
for (const fixture of ['nest-11', 'nest-12']) {
  await ensureInstalled(fixture, join('test/package/fixtures', fixture));
}
await ensureSite();
