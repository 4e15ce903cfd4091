import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { bundlePage, filesOfPage } from '../../scripts/bundle-page.mjs';
import { transpile } from '../../scripts/transpile.mjs';

const scripts = ['transpile.mjs', 'bundle-page.mjs'];
const own = scripts.map((name) => readFileSync(new URL(`../../scripts/${name}`, import.meta.url)));
const isPage = (path) => path.endsWith('.html');

/** Jest's transformer: TypeScript to ES modules, without a check of the types, and a page to a text. */
export default {
  processAsync: async (source, path) =>
    isPage(path)
      ? { code: `export default ${JSON.stringify(await bundlePage(path))};` }
      : transpile(source, path),
  getCacheKeyAsync: async (source, path) => {
    const hash = createHash('sha256');
    for (const part of [...own, `${path}\0${source}`]) hash.update(part);
    if (isPage(path)) for (const file of await filesOfPage(path)) hash.update(await readFile(file));
    return hash.digest('hex');
  },
};
