import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BackendUser } from './backend-user.js';
import { give } from './work-directory.js';

/** How many files there are: what cleans the temporary directory may have taken some. */
const tallyFile = 'local-entra.files';

/** What a cluster that has never run depends on. */
export interface ClusterRecipe {
  /** As `postgres --version` prints it. */
  version: string;
  arguments: readonly string[];
  /** What is run in it once, by database. */
  scripts: readonly SetUpScript[];
}

/** Statements that are run while no server is running. */
export interface SetUpScript {
  database: string;
  statements: readonly string[];
}

/**
 * An empty cluster that `initdb` has made once and that every later one is a copy of. It stays in the temporary
 * directory, about 30 MB for each version of PostgreSQL, and belongs to this user alone: who could write to it would own
 * every database that is made of it.
 */
export class ClusterTemplate {
  readonly path: string;

  /**
   * @param announce - Is told of a directory before it exists, so that no moment is left without a cleaner.
   * @param parent - Where it is kept.
   */
  constructor(
    recipe: ClusterRecipe,
    private readonly announce: (path: string) => void,
    parent = tmpdir(),
  ) {
    const key = createHash('sha256')
      .update(JSON.stringify([recipe, process.arch]))
      .digest('hex')
      .slice(0, 16);
    this.path = join(parent, `local-entra-postgres-${process.getuid?.() ?? 0}-${key}`);
  }

  /** Makes the data directory of the template. Returns false when there is none, or it is not ours alone. */
  copyTo(dataDirectory: string, user: BackendUser['identity']): boolean {
    if (!isOursAlone(this.path)) return false;
    const files = copyTree(this.path, dataDirectory, (path) => give(path, user));
    if (files === this.tally()) return true;
    for (const incomplete of [dataDirectory, this.path]) rmSync(incomplete, { recursive: true, force: true });
    return false;
  }

  private tally(): number | undefined {
    try {
      return Number(readFileSync(join(this.path, tallyFile), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Keeps a copy of a cluster that has never run. Of several at once, in other processes too, the first one stays. */
  keep(dataDirectory: string): void {
    if (lstatSync(this.path, { throwIfNoEntry: false }) !== undefined) return;
    const draft = `${this.path}-${randomBytes(6).toString('hex')}`;
    this.announce(draft);
    try {
      const files = copyTree(dataDirectory, draft, () => undefined);
      writeFileSync(join(draft, tallyFile), String(files), { mode: 0o600 });
      renameSync(draft, this.path);
    } catch {
      // A disk that is full, or another process that was first: the cluster itself is none the worse for it.
      rmSync(draft, { recursive: true, force: true });
    }
  }
}

function isOursAlone(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/** Returns how many files it has copied. */
function copyTree(from: string, to: string, made: (path: string) => void): number {
  let files = 0;
  mkdirSync(to, { mode: 0o700 });
  made(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === tallyFile) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) files += copyTree(source, target, made);
    else {
      copyFileSync(source, target);
      made(target);
      files += 1;
    }
  }
  return files;
}
