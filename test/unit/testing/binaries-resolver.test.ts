import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  platformPackage,
  installedDirectories,
} from '../../../lib/testing/postgres/cluster/binaries.resolver.js';

describe("PostgreSQL's programs are looked for", () => {
  const name = platformPackage(process.platform, process.arch);
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'binaries-')));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const install = (project: string): string => {
    const native = join(folder, project, 'node_modules', name, 'native');
    mkdirSync(native, { recursive: true });
    return native;
  };
  const places = { cwd: '/', main: undefined, npm: undefined, system: [] };

  it('from the working directory and from that of npm', () => {
    const [one, other] = [install('one'), install('other')];
    const found = installedDirectories(name, {
      ...places,
      cwd: join(folder, 'one'),
      npm: join(folder, 'other'),
    });
    expect(found).toEqual([one, other]);
  });

  it('from the main file, also behind a link', () => {
    const native = install('tool');
    const file = join(folder, 'tool', 'main.js');
    writeFileSync(file, '');
    const link = join(folder, 'link.js');
    symlinkSync(file, link);
    expect(installedDirectories(name, { ...places, main: link })).toEqual([native]);
  });

  it('among those of the operating system from version 16 on, the newest first', () => {
    for (const version of ['9.6', '15', '16', '18']) mkdirSync(join(folder, version));
    for (const version of ['17', 'unversioned']) mkdirSync(join(folder, `postgresql@${version}`));
    const system = [
      [folder, ''],
      [folder, 'postgresql@'],
      [join(folder, 'missing'), ''],
    ] as const;
    expect(installedDirectories(name, { ...places, system })).toEqual([
      join(folder, '18'),
      join(folder, 'postgresql@17'),
      join(folder, '16'),
    ]);
  });
});
