import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { transpile } from '../../scripts/transpile.mjs';

const own = readFileSync(new URL('../../scripts/transpile.mjs', import.meta.url));

/** Jest's transformer: TypeScript to ES modules, without a check of the types. */
export default {
  processAsync: (source, path) => transpile(source, path),
  getCacheKeyAsync: (source, path) =>
    Promise.resolve(createHash('sha256').update(own).update(`${path}\0${source}`).digest('hex')),
};
