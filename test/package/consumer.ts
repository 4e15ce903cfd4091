import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureInstalled, ensurePacked, repositoryRoot } from '../support/build.js';
import { linkTree } from '../support/link-tree.js';
import { runProgram, runSuccessfully, type ProgramResult } from '../support/run-program.js';

/** Where the projects are kept. */
export const fixtures = resolve(fileURLToPath(import.meta.url), '../fixtures');
const compilers = {
  six: join(repositoryRoot, 'node_modules/typescript/bin/tsc'),
  seven: join(repositoryRoot, 'node_modules/typescript-7/bin/tsc'),
};
const jest = join(repositoryRoot, 'node_modules/jest/bin/jest.js');

/** A project outside the repository that has the packed library installed, and whose programs are real processes. */
export class Consumer implements AsyncDisposable {
  readonly #root: string;
  #compilations = 0;
  /** Where the project is. */
  readonly directory: string;

  private constructor(root: string, directory: string) {
    this.#root = root;
    this.directory = directory;
  }

  /** A project that npm has installed: what the fixture's lock file holds, and the tarball next to it. */
  static async installed(fixture: string): Promise<Consumer> {
    const project = await ensureInstalled(fixture, join('test/package/fixtures', fixture));
    return inNewFolder(async (root) => {
      await cp(join(fixtures, fixture), root, { recursive: true });
      for (const file of ['package.json', 'package-lock.json'])
        await cp(join(project, file), join(root, file));
      linkTree(join(project, 'node_modules'), join(root, 'node_modules'));
      return new Consumer(root, root);
    });
  }

  /**
   * A project that finds everything the repository has installed, in the `node_modules` one level above its own,
   * which holds nothing but the tarball.
   */
  static async withEverything(fixture: string): Promise<Consumer> {
    const tarball = await ensurePacked();
    return inNewFolder(async (root) => {
      const directory = join(root, 'app');
      const target = join(directory, 'node_modules/nestjs-entra-auth');
      await cp(join(fixtures, fixture), directory, { recursive: true });
      await mkdir(target, { recursive: true });
      await runSuccessfully('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: target });
      await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
      return new Consumer(root, directory);
    });
  }

  /** Adds a package that the repository has installed. */
  async link(name: string): Promise<void> {
    const target = join(repositoryRoot, 'node_modules', name);
    await symlink(target, join(this.directory, 'node_modules', name), 'junction');
  }

  /** Runs a program of the project that must end well, and returns what it wrote, read as JSON. */
  async outputOf<T>(program: string, env: Record<string, string> = {}): Promise<T> {
    const { stdout } = await runSuccessfully(process.execPath, [program], { cwd: this.directory, env });
    return JSON.parse(stdout) as T;
  }

  /** Runs a program of the project that must end well, and returns the files whose code the process ran. */
  async filesLoadedBy(program: string): Promise<string[]> {
    const report = await mkdtemp(join(this.#root, 'loaded-'));
    const env = { NODE_V8_COVERAGE: report };
    await runSuccessfully(process.execPath, [program], { cwd: this.directory, env });
    const urls = new Set<string>();
    for (const file of await readdir(report)) {
      const { result } = JSON.parse(await readFile(join(report, file), 'utf8')) as {
        result: { url: string }[];
      };
      for (const { url } of result) if (url.startsWith('file:')) urls.add(url);
    }
    return [...urls].map((url) => fileURLToPath(url));
  }

  /**
   * Compiles the files of the project with the options of a consumer, and returns what the compiler said. TypeScript 7
   * takes a third of the time of 6, which has what 7 has not: the resolution `node10`.
   */
  async compile(
    files: readonly string[],
    compilerOptions: { module: string; [option: string]: unknown },
  ): Promise<ProgramResult> {
    const project = `tsconfig.${this.#compilations++}.json`;
    const config = { compilerOptions: { ...consumerOptions, ...compilerOptions }, files };
    await writeFile(join(this.directory, project), JSON.stringify(config));
    const isSix = compilerOptions.moduleResolution === 'node10';
    // Each thread more checks again what all share.
    const compiler = isSix ? [compilers.six] : [compilers.seven, '--singleThreaded'];
    return runProgram(process.execPath, [...compiler, '-p', project], { cwd: this.directory });
  }

  /** Runs the project's own tests with a plain jest: CommonJS, and no transformation. */
  runJest(): Promise<ProgramResult> {
    return runProgram(process.execPath, [jest, '--config', 'jest.config.json'], { cwd: this.directory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}

const consumerOptions = {
  target: 'es2022',
  strict: true,
  skipLibCheck: false,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  types: ['node'],
  pretty: false,
  noEmit: true,
};

async function inNewFolder(make: (folder: string) => Promise<Consumer>): Promise<Consumer> {
  // The compiler and the loader speak of real paths, and the temporary folder of macOS is a link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-consumer-')));
  try {
    return await make(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
