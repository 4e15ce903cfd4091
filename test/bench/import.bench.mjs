import { execFileSync } from 'node:child_process';

import { median } from './paired.mjs';
import { atMost } from './report.mjs';

const runs = 15;

const program = `
import 'reflect-metadata';
await import('@nestjs/common');
await import('@nestjs/core');
await import('@nestjs/schedule');
const start = performance.now();
await import('nestjs-entra-auth');
process.stdout.write(String(performance.now() - start));
`;

/** What importing this package adds to what every application that uses it has imported anyway. */
export function run() {
  const added = Array.from({ length: runs }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })),
  );
  return [atMost('import/added-ms', 'ms', median(added), 15)];
}
