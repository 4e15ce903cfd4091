import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { Consumer } from '../package/consumer.js';
import { repositoryRoot } from '../support/build.js';
import { idleBeforeExit, reportsIdleAtExit } from '../support/idle-at-exit.js';
import { RunningProgram } from '../support/running-program.js';

const typeorm = join(repositoryRoot, 'node_modules/typeorm/cli.js');
const mostIdleInMs = 1_000;
const nowhere = 'http://127.0.0.1:1/msi/token';

interface Run {
  code: number | null;
  output: string;
  idleInMs: number;
}

let entra: LocalEntra;

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: { rights: 'migrations' } });
});

afterAll(() => entra?.stop());

describe.each([
  { kind: 'an ESM project', type: 'module', flags: ['--outputJs', '--esm'] },
  { kind: 'a CommonJS project', type: 'commonjs', flags: ['--outputJs'] },
])('the migration CLI in $kind', ({ type, flags }) => {
  let project: Consumer;

  beforeAll(async () => {
    project = await Consumer.withEverything('migrations');
    await writeFile(join(project.directory, 'package.json'), JSON.stringify({ private: true, type }));
    // Whether it compiles is for the tests of the README to say.
    const fast = { noCheck: true, noResolve: true, types: [] };
    const compiled = await project.compile(['data-source.ts', 'script.ts'], {
      ...fast,
      module: 'nodenext',
      noEmit: false,
      outDir: 'compiled',
    });
    expect(compiled).toMatchObject({ exitCode: 0 });
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  const databaseUrl = (port = entra.postgres.port): string => {
    const { username, host, database } = entra.postgres;
    const authority = encodeURIComponent(entra.certificateAuthorityFile);
    return `postgres://${username}@${host}:${port}/${database}?sslrootcert=${authority}`;
  };

  async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    await using program = RunningProgram.node([...reportsIdleAtExit, ...args], {
      cwd: project.directory,
      env: { ...entra.environment('app-service'), DATABASE_URL: databaseUrl(), ...env },
    });
    const { code } = await program.end();
    expect(program.output).not.toMatch(/\[Nest\]|eyJ/);
    return { code, output: program.output, idleInMs: idleBeforeExit(program) };
  }

  const cli = (command: string, ...more: string[]): readonly string[] => [
    typeorm,
    command,
    '-d',
    'compiled/data-source.js',
    ...more,
  ];

  const tables = async (): Promise<unknown[]> =>
    (
      await entra.postgres.query<{ tablename: string }>(
        `select tablename from pg_tables where schemaname = 'public' and tablename <> 'migrations'`,
      )
    ).map(({ tablename }) => tablename);

  it('generates, runs and reverts a migration, and each command ends with its work', async () => {
    const generate = await run(cli('migration:generate', ...flags, 'compiled/migrations/create-note'));
    expect(generate).toMatchObject({ code: 0, output: expect.stringContaining('generated successfully') });
    expect(await readdir(join(project.directory, 'compiled/migrations'))).toHaveLength(1);

    const up = await run(cli('migration:run'));
    expect(up).toMatchObject({ code: 0, output: expect.stringContaining('CREATE TABLE "note"') });
    expect(await tables()).toEqual(['note']);

    // Unlike the others, this one ends only when nothing is left that would keep the process alive.
    const down = await run(cli('migration:revert'));
    expect(down).toMatchObject({ code: 0, output: expect.stringContaining('DROP TABLE "note"') });
    expect(await tables()).toEqual([]);

    for (const { idleInMs } of [generate, up, down]) expect(idleInMs).toBeLessThan(mostIdleInMs);
  });

  it.each([
    ['the database is down', () => ({ DATABASE_URL: databaseUrl(1) }), 'ENTRA_DATABASE_UNREACHABLE'],
    ['Entra is down', () => ({ IDENTITY_ENDPOINT: nowhere }), 'ENTRA_TOKEN_UNAVAILABLE'],
    [
      'an option is wrong',
      () => ({ DATABASE_URL: `${databaseUrl()}&sslmode=disable` }),
      'ENTRA_OPTIONS_INVALID',
    ],
  ])('reports it and fails when %s', async (_, env, code) => {
    const failed = await run(cli('migration:run'), env());
    expect(failed).toMatchObject({ code: 1, output: expect.stringContaining(`code: '${code}'`) });
    expect(failed.idleInMs).toBeLessThan(mostIdleInMs);
  });

  it('leaves a script of its own nothing that would keep it alive, whether it works or fails', async () => {
    const script = ['compiled/script.js'];
    const worked = await run(script);
    expect(worked).toMatchObject({ code: 0, output: expect.stringContaining(entra.client.name) });
    const withoutDatabase = await run(script, { DATABASE_URL: databaseUrl(1) });
    expect(withoutDatabase).toMatchObject({
      code: 1,
      output: expect.stringContaining("code: 'ENTRA_DATABASE_UNREACHABLE'"),
    });
    const withoutEntra = await run(script, { IDENTITY_ENDPOINT: nowhere });
    expect(withoutEntra).toMatchObject({
      code: 1,
      output: expect.stringContaining("code: 'ENTRA_TOKEN_UNAVAILABLE'"),
    });
    for (const { idleInMs } of [worked, withoutDatabase, withoutEntra]) {
      expect(idleInMs).toBeLessThan(mostIdleInMs);
    }
  });
});
