import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { describe } from '@jest/globals';

/** A server that is no npm package, and that tests need. */
interface ServerProgram {
  program: string;
  /** Name of the Debian package that brings it. */
  debianPackage: string;
}

/** Finds a program on PATH, or where Debian puts servers. */
export function findProgram(program: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.map((directory) => join(directory, program)).find(isExecutable);
}

/** `describe` where the server is installed; else a skipped one, with a line that names the package. */
export function describeWith({ program, debianPackage }: ServerProgram): typeof describe.skip {
  if (findProgram(program) !== undefined) return describe;
  process.stderr.write(
    `Skipped: "${program}" is not installed. Install the Debian package "${debianPackage}".\n`,
  );
  return describe.skip;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
