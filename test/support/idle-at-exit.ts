import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { repositoryRoot } from './build.js';
import type { RunningProgram } from './running-program.js';

/** Arguments of Node.js with which a program reports for how long it was idle before its exit. */
export const reportsIdleAtExit = [
  '--import',
  pathToFileURL(join(repositoryRoot, 'test/support/report-idle.mjs')).href,
];

/** For how long a program that has ended waited between its last output and its exit, in milliseconds. */
export function idleBeforeExit({ output }: RunningProgram): number {
  const [, idleInMs] = /^idle before the exit: (\d+) ms$/m.exec(output) ?? [];
  if (idleInMs === undefined) throw new Error(`It did not report its exit:\n${output}`);
  return Number(idleInMs);
}
