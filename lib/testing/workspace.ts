import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWatchdog, type Watchdog } from './watchdog.js';

/** Temporary files, and the watchdog that removes them; both are made on first use. */
export class Workspace {
  private readonly paths = new Map<string, string>();
  private directory: string | undefined;
  private started: Watchdog | undefined;
  private closing: Promise<void> | undefined;

  /** @throws Error after {@link Workspace.close} */
  get watchdog(): Watchdog {
    if (this.closing !== undefined) throw new Error('The local Entra has been stopped; its files are gone.');
    this.started ??= startWatchdog();
    return this.started;
  }

  /** The path of a file that only this user can read, written on the first call with its name. */
  file(name: string, content: () => string): string {
    const known = this.paths.get(name);
    if (known !== undefined) return known;
    const path = join(this.ownDirectory(), name);
    writeFileSync(path, content(), { mode: 0o600 });
    this.paths.set(name, path);
    return path;
  }

  /** As {@link file}, but replaces what is there; a reader sees the old content or the new one. */
  rewrite(name: string, content: string): string {
    const path = join(this.ownDirectory(), name);
    writeFileSync(`${path}.new`, content, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  }

  /** Removes everything; resolves when it is gone. */
  close(): Promise<void> {
    this.closing ??= this.started?.close() ?? Promise.resolve();
    return this.closing;
  }

  private ownDirectory(): string {
    if (this.directory === undefined) {
      const directory = join(tmpdir(), `local-entra-${randomUUID()}`);
      // Announced first, so that it never exists without a process that removes it.
      this.watchdog.removeDirectory(directory);
      mkdirSync(directory, { mode: 0o700 });
      this.directory = directory;
    }
    return this.directory;
  }
}
