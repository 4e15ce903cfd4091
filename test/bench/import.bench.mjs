import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { inPairs } from './paired.mjs';
import { atMost } from './report.mjs';

const peer = fileURLToPath(new URL('./same-imports.mjs', import.meta.url));

/** What importing this package adds to what every application that uses it has imported anyway. */
export async function run() {
  const took = await inPairs(
    { ours: () => timeToImport('nestjs-entra-auth'), peer: () => timeToImport(peer) },
    { warmUpPairs: 1, pairs: 15 },
  );
  return [atMost('import/added-ms', 'ms', took.ours, 15, took.peer)];
}

async function timeToImport(specifier) {
  const program = `
    import 'reflect-metadata';
    await import('@nestjs/common');
    await import('@nestjs/core');
    await import('@nestjs/schedule');
    const start = performance.now();
    await import(${JSON.stringify(specifier)});
    process.stdout.write(String(performance.now() - start));
  `;
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }),
  );
}
