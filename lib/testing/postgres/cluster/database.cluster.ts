import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { Watchdog } from '../../watchdog.js';
import { LocalPostgresError } from '../local-postgres.error.js';
import type { LocalPostgresOptions } from '../local-postgres.options.js';
import { SUPERUSER, TEMPLATE_DATABASE } from './admin.client.js';
import { BackendProcess } from './backend.process.js';
import { chooseBackendUser, type BackendUser } from './backend-user.js';
import { prepareBinaries } from './binaries.preparer.js';
import { resolveBinaries } from './binaries.resolver.js';
import { ClusterTemplate, type SetUpScript } from './cluster.template.js';
import { hostBasedAuthentication, serverSettings, userNameMap } from './cluster.configuration.js';
import { labelProcedure, principalFunctions } from './entra-principals.sql.js';
import { extensionLimits } from './extension-limits.sql.js';
import { runProgram } from './program.runner.js';
import { makeWorkDirectory } from './work-directory.js';

const INITDB_ARGUMENTS = [
  ...['--auth=peer', '--no-locale', '--encoding=UTF8'],
  ...['--no-sync', '--no-instructions', '--wal-segsize=1'],
];

/** The database of the application, and what stands for Azure's extension for roles of Entra. */
const SCRIPTS: readonly SetUpScript[] = [
  {
    database: 'template1',
    statements: ['CREATE ROLE azure_pg_admin NOLOGIN CREATEROLE CREATEDB', labelProcedure, extensionLimits],
  },
  { database: 'template0', statements: [labelProcedure, extensionLimits] },
  {
    database: 'postgres',
    statements: [
      labelProcedure,
      extensionLimits,
      principalFunctions,
      `CREATE DATABASE ${TEMPLATE_DATABASE}`,
      `GRANT CREATE ON DATABASE ${TEMPLATE_DATABASE}, postgres TO azure_pg_admin`,
    ],
  },
];

/** What a cluster is made of. */
export type ClusterOptions = Pick<
  LocalPostgresOptions,
  'binariesDirectory' | 'settings' | 'extensions' | 'size'
>;

/** A PostgreSQL of its own directory, which only our own user can reach, by a unix socket. */
export class DatabaseCluster {
  private backend: BackendProcess | undefined;
  private created: Promise<void> | undefined;
  private programsDirectory: string | undefined;
  private readonly user: BackendUser;
  private readonly installed: string;
  /** Holds the data, the socket and the log. */
  readonly directory: string;

  constructor(
    private readonly options: ClusterOptions,
    private readonly watchdog: Watchdog,
  ) {
    this.installed = resolveBinaries(options.binariesDirectory);
    this.user = chooseBackendUser();
    this.directory = makeWorkDirectory(this.user.identity, this.cleanUp, 'memory');
  }

  /** Makes the data directory and starts the server, once. @throws LocalPostgresError */
  create(): Promise<void> {
    this.created ??= this.start();
    return this.created;
  }

  /** Stops the server and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.backend?.stop();
    await this.backend?.start();
  }

  /** Stops the server and removes everything that was its. */
  async remove(): Promise<void> {
    await this.created?.catch(() => undefined);
    await this.backend?.stop();
    for (const path of [this.directory, this.programsDirectory]) {
      if (path !== undefined) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  private async start(): Promise<void> {
    const { directory, version } = await prepareBinaries(
      this.installed,
      this.placeForPrograms,
      this.user.identity,
    );
    const data = join(this.directory, 'data');
    await this.fill(data, join(directory, 'bin'), version);
    const configure = (file: string, content: string, flag: string): void =>
      writeFileSync(join(data, file), content, { flag });
    configure('pg_hba.conf', hostBasedAuthentication(), 'w');
    configure('pg_ident.conf', userNameMap(this.user.gatewayUser), 'w');
    configure('postgresql.conf', serverSettings(this.directory, this.options), 'a');
    const paths = {
      program: join(directory, 'bin', 'postgres'),
      dataDirectory: data,
      logFile: join(this.directory, 'log'),
    };
    this.backend = new BackendProcess(paths, this.user.identity, this.guard);
    await this.backend.start();
  }

  /** A cluster that has never run: a copy of the template or, the first time, the one that becomes it. */
  private async fill(data: string, programs: string, version: string): Promise<void> {
    const recipe = { version, arguments: INITDB_ARGUMENTS, scripts: SCRIPTS };
    const template = new ClusterTemplate(recipe, this.cleanUp);
    if (template.copyTo(data, this.user.identity)) return;
    await this.run(join(programs, 'initdb'), ['-D', data, '-U', SUPERUSER, ...INITDB_ARGUMENTS]);
    for (const { database, statements } of SCRIPTS) {
      // With -j a statement ends at a semicolon and an empty line.
      const input = statements.map((statement) => `${statement.trim().replace(/;$/, '')};\n\n`).join('');
      await this.run(join(programs, 'postgres'), ['--single', '-j', '-F', '-D', data, database], input);
    }
    template.keep(data);
  }

  /** @throws LocalPostgresError */
  private async run(program: string, args: string[], input?: string): Promise<void> {
    const { ok, output } = await runProgram(program, args, this.user.identity, this.guard, input);
    if (ok && !/^(ERROR|FATAL|PANIC): /m.test(output)) return;
    throw new LocalPostgresError(
      'start-failed',
      `PostgreSQL's ${basename(program)} could not create a cluster:\n${output}`,
    );
  }

  private readonly placeForPrograms = (): string => {
    this.programsDirectory = makeWorkDirectory(this.user.identity, this.cleanUp, 'disk');
    return this.programsDirectory;
  };

  private readonly cleanUp = (path: string): void => this.watchdog.removeDirectory(path);
  private readonly guard = (pid: number): void => this.watchdog.stopProcess(pid);
}
