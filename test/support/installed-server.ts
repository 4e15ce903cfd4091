import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { describe, it } from '@jest/globals';

/** A program that is not an npm package, and that tests need. */
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

/** `describe` where the program is installed; else a skipped one, with a line that names the package. */
export function describeWith(server: ServerProgram): typeof describe.skip {
  return isInstalled(server) ? describe : describe.skip;
}

/** The same for one test. */
export function itWith(server: ServerProgram): typeof it.skip {
  return isInstalled(server) ? it : it.skip;
}

function isInstalled({ program, debianPackage }: ServerProgram): boolean {
  if (findProgram(program) !== undefined) return true;
  process.stderr.write(
    `Skipped: "${program}" is not installed. Install the Debian package "${debianPackage}".\n`,
  );
  return false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
