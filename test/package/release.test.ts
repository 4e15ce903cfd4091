import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';

import { ensurePacked, repositoryRoot } from '../support/build.js';
import { runSuccessfully } from '../support/run-program.js';

interface Step {
  name?: string;
  uses?: string;
  run?: string;
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps: Step[]; permissions?: Record<string, string> }>;
}

const workflows = join(repositoryRoot, '.github/workflows');
const names = await readdir(workflows);
const read = async (name: string) => load(await readFile(join(workflows, name), 'utf8')) as Workflow;

describe('the workflows', () => {
  it.each(names)('%s pins each action by its commit, and may only read', async (name) => {
    const text = await readFile(join(workflows, name), 'utf8');
    const uses = text.match(/uses: .*/g) ?? [];
    for (const one of uses) expect(one).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(uses.length).toBeGreaterThan(1);
    expect((await read(name)).permissions).toEqual({ contents: 'read' });
  });
});

describe('the release', () => {
  let folder: string;
  let steps: Step[];
  const env = {
    GITHUB_SERVER_URL: 'https://git.example',
    GITHUB_REPOSITORY: 'someone/somewhere',
    GITHUB_REF_NAME: 'v0.1.0',
  };
  const run = async (name: string, more: Record<string, string> = {}) => {
    const command = steps.find((step) => step.name === name)?.run ?? 'exit 99';
    return runSuccessfully('bash', ['-euc', command], { cwd: folder, env: { ...env, ...more } });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-release-'));
    for (const file of ['package.json', 'package-lock.json'])
      await cp(join(repositoryRoot, file), join(folder, file));
    const { jobs } = await read('release.yml');
    steps = jobs['publish']?.steps ?? [];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('sets the links of the package from where it runs', async () => {
    const before = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as object;
    expect(before).not.toHaveProperty('repository');
    await run('Set the links of the package');
    const address = 'https://git.example/someone/somewhere';
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toEqual({
      ...before,
      repository: { type: 'git', url: `git+${address}.git` },
      homepage: `${address}#readme`,
      bugs: { url: `${address}/issues` },
    });
  });

  it('is refused where the tag is not the version', async () => {
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    await run('Check that the tag is the version', { GITHUB_REF_NAME: `v${version}` });
    await expect(run('Check that the tag is the version', { GITHUB_REF_NAME: 'v99.0.0' })).rejects.toThrow();
  });

  it('lists what the package brings along', async () => {
    await run('List the components');
    const sbom = JSON.parse(await readFile(join(folder, 'sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: { name: string }[];
    };
    expect(sbom.bomFormat).toBe('CycloneDX');
    expect(sbom.components.map(({ name }) => name)).toEqual(['commander']);
  });

  it('publishes with provenance, without a secret, with the right to sign and to read alone', async () => {
    const { jobs } = await read('release.yml');
    expect(jobs['publish']?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(steps.at(-1)?.run).toBe('npm publish --provenance --access public');
    expect(await readFile(join(workflows, 'release.yml'), 'utf8')).not.toContain('secrets.');
  });

  it('packs the same bytes twice', async () => {
    const digest = async (file: string) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    const first = await ensurePacked();
    const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await runSuccessfully('npm', args, { cwd: repositoryRoot });
    expect(await digest(join(folder, stdout.trim()))).toBe(await digest(first));
  });
});
