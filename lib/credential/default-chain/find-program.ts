import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program can be started by its name. */
export function isOnPath(program: string, environment = process.env): boolean {
  const path = environment['PATH'] ?? environment['Path'] ?? '';
  const endings =
    process.platform === 'win32' ? (environment['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';') : [''];
  return path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .some((directory) => endings.some((ending) => isExecutable(join(directory, program + ending))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
