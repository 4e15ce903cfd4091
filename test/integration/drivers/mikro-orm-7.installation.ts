import { cp, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type * as MikroOrm from '@mikro-orm/postgresql';

import { repositoryRoot } from '../../support/build.js';
import { runSuccessfully } from '../../support/run-program.js';

const fixture = join(repositoryRoot, 'test/integration/drivers/fixtures/mikro-orm-7');

/** MikroORM 7 in a folder of its own: npm does not put two of its majors into one project. */
class Installation {
  #folder: Promise<string> | undefined;

  /** Where it is installed, which happens on the first call. */
  folder(): Promise<string> {
    return (this.#folder ??= install());
  }

  async load(): Promise<typeof MikroOrm.MikroORM> {
    const entry = join(await this.folder(), 'node_modules/@mikro-orm/postgresql/index.js');
    return ((await import(pathToFileURL(entry).href)) as typeof MikroOrm).MikroORM;
  }

  async remove(): Promise<void> {
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }
}

async function install(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-mikro-orm-7-')));
  await cp(fixture, folder, { recursive: true });
  await runSuccessfully('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder });
  return folder;
}

export const mikroOrm7 = new Installation();
