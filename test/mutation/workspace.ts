import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Mutant } from './mutation.js';
import { switchMutants } from './switch-mutants.js';

/** A copy of the repository in a folder of its own: what is mutated is never the checkout. */
export class Workspace {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'mutation-')));

  constructor(private readonly root: string) {
    const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    });
    for (const file of files.split('\n').filter((name) => name !== '')) {
      const copy = join(this.directory, file);
      mkdirSync(dirname(copy), { recursive: true });
      cpSync(join(root, file), copy, { force: true });
    }
    symlinkSync(realpathSync(join(root, 'node_modules')), join(this.directory, 'node_modules'), 'dir');
  }

  /** The source files of a room of `lib`. */
  sourcesOf(room: string): string[] {
    return this.#list(join('lib', room), '.ts').filter((file) => !file.endsWith('.d.ts'));
  }

  /** The test files in folders of `test`, and those that are named themselves. Those of models take longest. */
  testsIn(names: readonly string[]): string[] {
    const files = names.flatMap((name) =>
      name.endsWith('.test.ts') ? [join('test', name)] : this.#list(join('test', name), '.test.ts'),
    );
    const isOfModel = (file: string): number => Number(file.endsWith('.model.test.ts'));
    return files
      .sort((one, other) => isOfModel(one) - isOfModel(other))
      .map((file) => join(this.directory, file));
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  apply(mutants: readonly Mutant[]): void {
    for (const file of new Set(mutants.map((mutant) => mutant.file))) {
      const ofFile = mutants.filter((mutant) => mutant.file === file);
      writeFileSync(join(this.directory, file), switchMutants(this.read(file), ofFile));
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #list(folder: string, ending: string): string[] {
    try {
      const entries = readdirSync(join(this.directory, folder), { recursive: true, encoding: 'utf8' });
      return entries
        .filter((name) => name.endsWith(ending))
        .map((name) => join(folder, name))
        .sort();
    } catch {
      return [];
    }
  }
}
