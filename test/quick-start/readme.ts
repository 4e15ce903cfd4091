import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { repositoryRoot } from '../support/build.js';

/** What the README has its reader type, from an empty folder to the first login. */
export interface QuickStart {
  create: string;
  /** The library and its peers, then what only development needs. */
  installs: readonly [string, string];
  /** What the reader writes: the path, and the text. */
  files: readonly { path: string; text: string }[];
  start: string;
  /** What the reader sees. */
  output: string;
}

/** Reads the quick start of a major version of Nest. */
export async function readQuickStart(major: number): Promise<QuickStart> {
  const readme = await readFile(join(repositoryRoot, 'README.md'), 'utf8');
  const find = (pattern: RegExp): string => {
    const found = pattern.exec(readme)?.[1];
    if (found === undefined) throw new Error(`The README has nothing that matches ${pattern}.`);
    return found;
  };
  const files = readme.matchAll(/^```ts\n\/\/ (src\/[\w.-]+)\n(.*?)^```$/gms);
  return {
    create: find(new RegExp(`\`(npx @nestjs/cli@${major} new [\\w-]+)\``)),
    installs: [
      find(new RegExp(`For Nest ${major}\\b[^\`]*\`\`\`sh\n(npm install nestjs-entra-auth .*)\n`)),
      find(/^(npm install --save-dev .*)$/m),
    ],
    files: [...files].map(([, path = '', text = '']) => ({ path, text })),
    start: find(/^(npx nest start .*?) +#/m),
    output: find(/^npx nest start .*# (.*)$/m),
  };
}
