import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { runProgram } from '../support/run-program.js';
import { Consumer } from './consumer.js';

interface Failure {
  typed: boolean;
  code: string;
  message: string;
  cause?: { code: string };
}

describe('an application that installs only the package and Nest', () => {
  let app: Consumer;

  beforeAll(async () => {
    app = await Consumer.installed('nest-12');
  });

  afterAll(() => app?.[Symbol.asyncDispose]());

  it('gets no optional package installed', async () => {
    const { present, missing } = await app.outputOf<{ present: string[]; missing: string[] }>(
      'installed.mjs',
    );

    expect(present.sort()).toEqual([
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/schedule',
      'reflect-metadata',
      'rxjs',
    ]);
    expect(missing).toEqual(
      expect.arrayContaining(['@azure/identity', '@nestjs/terminus', '@nestjs/typeorm', 'pg', 'typeorm']),
    );
  });

  it.each(['graph.mjs', 'graph.cjs'])('boots, serves Graph tokens and ends: %s', async (program) => {
    await expect(app.outputOf(program)).resolves.toEqual({
      token: 'token-for-https://graph.microsoft.com/.default',
    });
  });

  it('has the command, which names what is missing and loads nothing that is not installed', async () => {
    const npx = (...args: string[]) =>
      runProgram('npx', ['--no-install', 'nestjs-entra-auth', ...args], { cwd: app.directory, env: {} });

    expect(await npx('--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+/) });
    expect(await npx('token')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('AZURE_TENANT_ID, AZURE_CLIENT_ID'),
    });
    expect(await npx('store', 'show', '--store', 'none.json', '--json')).toMatchObject({
      exitCode: 0,
      stdout: '{"stored":false}\n',
    });
  });

  it('is told what to install when it asks for more', async () => {
    const { credential, driver, dataSource, health } = await app.outputOf<{
      credential: Failure;
      driver: Failure;
      dataSource: Failure;
      health: { status: string; message: string };
    }>('missing.mjs');

    expect(credential).toMatchObject({
      typed: true,
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      cause: { code: 'ENTRA_CREDENTIAL_UNAVAILABLE' },
      message: expect.stringContaining('npm install @azure/identity'),
    });
    for (const failure of [driver, dataSource]) {
      expect(failure).toMatchObject({ typed: true, message: expect.stringContaining('npm install pg') });
    }
    expect(health).toMatchObject({ status: 'down', message: expect.stringContaining('npm install pg') });
  });

  it('is told that TypeORM is missing when it has pg alone', async () => {
    await app.link('pg');
    const { driver, dataSource } = await app.outputOf<Record<string, Failure | string>>('missing.mjs');

    expect(driver).toBe('none');
    expect(dataSource).toMatchObject({
      typed: true,
      message: expect.stringContaining('npm install typeorm'),
    });
  });
});
