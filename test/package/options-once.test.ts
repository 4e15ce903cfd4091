import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

import { repositoryRoot } from '../support/build.js';

const moduleOptions = 'options/entra-auth-module.options.ts';
const dataSource = 'postgres/entra-data-source.options.ts';
const mySqlDataSource = 'mysql/mysql-data-source.options.ts';
const msSqlDataSource = 'mssql/mssql-data-source.options.ts';

/** Each set of options: where it is declared, after which text, and the file that checks it. */
const declarations: readonly (readonly [after: string, declared: string, checked: string])[] = [
  ['interface EntraAuthModuleOptions {', moduleOptions, 'options/resolve-options.ts'],
  ['interface OnDemandOptions {', moduleOptions, 'options/resolve-options.ts'],
  ['interface ResourceOptions {', moduleOptions, 'options/resolve-resource.ts'],
  ['interface RefreshOptions {', moduleOptions, 'options/resolve-refresh-options.ts'],
  ['backoff?: {', moduleOptions, 'options/resolve-refresh-options.ts'],
  ['    OptionsOfTypeOrmModule {', dataSource, 'postgres/resolve-data-source.ts'],
  ['    OptionsOfTypeOrmModule {', mySqlDataSource, 'mysql/resolve-mysql-data-source.ts'],
  ['    OptionsOfTypeOrmModule {', msSqlDataSource, 'mssql/resolve-mssql-data-source.ts'],
  [
    "interface EntraEndpointOptions extends Omit<PostgresEndpoint, 'password' | 'ssl'> {",
    dataSource,
    'postgres/resolve-endpoint.ts',
  ],
  [
    'interface RefreshTokenCredentialOptions {',
    'refresh-token/refresh-token.credential-options.ts',
    'refresh-token/resolve-refresh-token-options.ts',
  ],
  [
    "        kind: 'managed-identity';",
    'credential/credential-configuration.ts',
    'credential/resolve-credential.ts',
  ],
  ...[
    'UserTokenOptions',
    'UserClientOptions',
    'UserResourceOptions',
    'UserCacheOptions',
    'UserRefreshOptions',
  ].map((name): [string, string, string] => [
    `interface ${name} {`,
    'users/user-tokens.options.ts',
    'users/resolve-user-options.ts',
  ]),
  ['interface UserSignInOptions {', 'users/user-tokens.options.ts', 'users/sign-ins/sign-in-options.ts'],
  ...[
    ['FileRefreshTokenStoreOptions', 'store/file/file.refresh-token-store.ts'],
    ['EncryptedRefreshTokenStoreOptions', 'store/encrypted/encrypted.refresh-token-store.ts'],
    ['RefreshTokenKeyRing', 'store/encrypted/key-ring.ts'],
    ['FileSignInStoreOptions', 'store/sign-ins/file.sign-in-store.ts'],
    ['EncryptedSignInStoreOptions', 'store/sign-ins/encrypted.sign-in-store.ts'],
    ['TypeOrmSignInStoreOptions', 'store/typeorm/typeorm.sign-in-store.ts'],
    ['TypeOrmRefreshTokenStoreOptions', 'store/typeorm/typeorm.refresh-token-store.ts'],
    ['DataSourceHealthOptions', 'nest/health/entra-data-source.health.ts'],
    ['TokenHealthOptions', 'nest/health/entra-token.health.ts'],
  ].map(([name = '', file = '']) => [`interface ${name} {`, file, file] as const),
];

const entries = ['lib/index.ts', 'lib/store/typeorm/index.ts', 'lib/nest/users/index.ts'];

const option = (index: number): string => `forgotten${index}`;

const readFile = (path: string): string | undefined => ts.sys.readFile(path);

/** The sources of the library, with one more option in each set. */
function programWithMoreOptions(): ts.Program {
  const { config } = ts.readConfigFile(join(repositoryRoot, 'tsconfig.json'), readFile) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: entries },
    ts.sys,
    repositoryRoot,
  );
  const changed = new Map<string, string>();
  declarations.forEach(([after, declared], index) => {
    const path = join(repositoryRoot, 'lib', declared);
    const source = changed.get(path) ?? readFileSync(path, 'utf8');
    if (source.split(after).length !== 2) throw new Error(`"${after}" is not once in ${declared}.`);
    changed.set(path, source.replace(after, `${after} ${option(index)}?: number;`));
  });
  const host = ts.createCompilerHost(options);
  host.readFile = (path) => changed.get(path) ?? readFile(path);
  const files = entries.map((file) => join(repositoryRoot, file));
  return ts.createProgram(files, options, host);
}

describe('an option that is declared and not checked', () => {
  let program: ts.Program;

  beforeAll(() => {
    program = programWithMoreOptions();
  });

  it.each(declarations.map(([after, , checked], index) => [after.trim(), checked, index] as const))(
    'in "%s" is a compile error in %s',
    (_, checked, index) => {
      const file = program.getSourceFile(join(repositoryRoot, 'lib', checked));
      const messages = program
        .getSemanticDiagnostics(file)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      expect(messages.join('\n')).toMatch(new RegExp(`Property '${option(index)}' is missing`));
    },
  );
});
