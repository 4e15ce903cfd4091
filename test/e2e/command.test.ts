import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { Consumer } from '../package/consumer.js';
import { runProgram, type ProgramResult } from '../support/run-program.js';
import { SecretScan } from '../support/secret-scan.js';

const moreThanAnyRunInMs = 20_000;

describe('the command, as the package has it', () => {
  let entra: LocalEntra;
  let project: Consumer;
  let scan: SecretScan;

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600, postgres: { rights: 'migrations' } });
    project = await Consumer.withEverything('refresh-token-store');
    scan = new SecretScan({ 'client secret': entra.client.clientSecret });
  });

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
    await entra?.stop();
  });

  function environment(more: Record<string, string> = {}): Record<string, string> {
    const { username, host, port, database } = entra.postgres;
    const certificates = encodeURIComponent(entra.certificateAuthorityFile);
    return {
      AZURE_TENANT_ID: entra.tenantId,
      AZURE_CLIENT_ID: entra.client.clientId,
      AZURE_CLIENT_SECRET: entra.client.clientSecret,
      AZURE_AUTHORITY_HOST: entra.authorityHost,
      CA_FILE: entra.certificateAuthorityFile,
      DATABASE_URL: `postgres://${username}@${host}:${port}/${database}?sslrootcert=${certificates}`,
      ...more,
    };
  }

  async function run(args: readonly string[], env = environment()): Promise<ProgramResult> {
    const program = join(project.directory, 'node_modules/nestjs-entra-auth/dist/esm/cli/main.js');
    const result = await runProgram(process.execPath, [program, ...args], {
      cwd: project.directory,
      env,
      timeoutInMs: moreThanAnyRunInMs,
    });
    scan.text(args.join(' '), `${result.stdout}\n${result.stderr}`);
    return result;
  }

  const token = (...more: string[]) => ['token', '--ca-file', entra.certificateAuthorityFile, ...more];

  it('redeems a refresh token of the environment, shows no token, and ends', async () => {
    const refreshToken = entra.refreshTokens.issue({ scopes: ['openid', 'offline_access', 'User.Read'] });
    scan.protect({ 'refresh token': refreshToken });
    const result = await run(token('--json'), environment({ AZURE_REFRESH_TOKEN: refreshToken }));

    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      tokenType: 'Bearer',
      expiresIn: 3600,
      idToken: expect.any(String),
    });
    expect(scan.length).toBeGreaterThan(500);
    expect(scan.leaks()).toEqual([]);
  });

  it.each([
    ['a file', ['--store', 'refresh-token.json']],
    ['a row of PostgreSQL', ['--data-source', 'data-source.mjs', '--name', 'daemon']],
  ])(
    'keeps an encrypted refresh token in %s through put, redemptions, a new key and show',
    async (_, place) => {
      entra.refreshTokens.rotation = 'strict';
      const [first, second] = [1, 2].map((n) => `${n}=${randomBytes(32).toString('base64')}`);
      const env = (...keys: (string | undefined)[]) =>
        environment({ MIGRATE: 'yes', ENTRA_AUTH_STORE_KEYS: keys.join(',') });
      const refreshToken = entra.refreshTokens.issue();
      scan.protect({ 'refresh token': refreshToken });

      const put = await run(['store', 'put', ...place], { ...env(first), AZURE_REFRESH_TOKEN: refreshToken });
      expect(put).toMatchObject({ exitCode: 0, stderr: '' });
      for (let n = 0; n < 3; n++) {
        expect(await run(token(...place), env(first))).toMatchObject({ exitCode: 0, stderr: '' });
      }
      expect(await run(['store', 'rotate-key', ...place], env(second, first))).toMatchObject({ exitCode: 0 });
      expect(await run(['store', 'show', ...place], env(first))).toMatchObject({ exitCode: 6 });
      const shown = await run(['store', 'show', '--json', ...place], env(second));
      const last = await run(token(...place), env(second));

      expect(JSON.parse(shown.stdout)).toMatchObject({ stored: true, encryptedWith: '2' });
      expect(last.exitCode).toBe(0);
      expect(entra.refreshTokens.reuseRevocations).toBe(0);
      expect(scan.leaks()).toEqual([]);
    },
  );

  it('has a doctor that looks at the data source of a module, and connects it', async () => {
    const args = ['doctor', '--json', '--data-source', 'data-source.mjs'];
    const { exitCode, stdout } = await run([...args, '--ca-file', entra.certificateAuthorityFile]);

    const { findings } = JSON.parse(stdout) as {
      findings: { check: string; status: string; text: string }[];
    };
    expect(exitCode).toBe(0);
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual(
      expect.arrayContaining([
        'credential ok',
        'authority ok',
        'clock ok',
        'token ok',
        'server ok',
        'login ok',
      ]),
    );
    const refused = await run(args, environment({ DATABASE_URL: 'postgres://app@127.0.0.1:1/app' }));
    expect(refused.exitCode).toBe(1);
    expect(scan.leaks()).toEqual([]);
  });

  it('leaves a file that no other user can read', async () => {
    const { mode } = await stat(join(project.directory, 'refresh-token.json'));

    expect(mode & 0o777).toBe(0o600);
  });

  it('ends with a code and one sentence when the database cannot be reached', async () => {
    const url = 'postgres://app@127.0.0.1:1/app';
    const result = await run(
      ['store', 'show', '--data-source', 'data-source.mjs'],
      environment({ DATABASE_URL: url }),
    );

    expect(result).toMatchObject({ exitCode: 5, stdout: '' });
    expect(result.stderr).toMatch(/^DatabaseUnreachableError \(ENTRA_DATABASE_UNREACHABLE\): .*\n$/);
  });
});
