import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { runProgram } from '../../../lib/cli/program.js';
import { repositoryRoot } from '../../support/build.js';
import { graphAudience } from '../../support/local-entra.js';
import { SecretScan } from '../../support/secret-scan.js';
import { FakeTerminal } from './fake-terminal.js';

const parameters = [
  'tokenType',
  'expiresIn',
  'extExpiresIn',
  'accessToken',
  'scope',
  'refreshToken',
  'idToken',
  'notBefore',
  'expiresOn',
  'resource',
];
const key = (): string => randomBytes(32).toString('base64');

describe('the program', () => {
  let entra: LocalEntra;
  let folder: string;
  let store: string;

  beforeAll(async () => {
    entra = await startLocalEntra();
  });

  afterAll(() => entra.stop());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-cli-'));
    store = join(folder, 'refresh-token.json');
    await writeFile(join(folder, 'ca.pem'), entra.certificateAuthority);
    entra.refreshTokens.rotation = 'keep';
  });

  afterEach(async () => {
    await entra.faults.clear();
    await rm(folder, { recursive: true, force: true });
  });

  const environment = (
    more: Record<string, string | undefined> = {},
  ): Record<string, string | undefined> => ({
    AZURE_TENANT_ID: entra.tenantId,
    AZURE_CLIENT_ID: entra.client.clientId,
    AZURE_CLIENT_SECRET: entra.client.clientSecret,
    AZURE_AUTHORITY_HOST: entra.authorityHost,
    ...more,
  });

  async function run(args: string[], env: Record<string, string | undefined> = environment(), input = '') {
    const terminal = new FakeTerminal(env);
    terminal.input = input;
    const ca = args[0] === 'token' ? ['--ca-file', join(folder, 'ca.pem')] : [];
    const exitCode = await runProgram([...args, ...ca], terminal);
    const { stdout, stderr } = terminal;
    return { exitCode, stdout, stderr };
  }

  const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

  describe('token', () => {
    it('prints every parameter of the response, and no token', async () => {
      const refreshToken = entra.refreshTokens.issue({ scopes: ['openid', 'User.Read'] });
      const env = environment({ AZURE_REFRESH_TOKEN: refreshToken });
      const result = await run(['token'], env);
      const scan = new SecretScan({ secret: entra.client.clientSecret, 'refresh token': refreshToken });
      scan.text('stdout', result.stdout);
      scan.text('stderr', result.stderr);

      expect(result.exitCode).toBe(0);
      for (const name of parameters) expect(result.stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
      expect(result.stdout).toMatch(/^accessToken +eyJ.… \(\d+ characters/m);
      expect(result.stderr).toContain('The new refresh token is kept nowhere');
      expect(scan.leaks()).toEqual([]);
    });

    it('prints tokens that work when asked to', async () => {
      const env = environment({ AZURE_REFRESH_TOKEN: entra.refreshTokens.issue({ scopes: ['openid'] }) });
      const { exitCode, stdout, stderr } = await run(['token', '--json', '--show-tokens'], env);
      const report = json(stdout);

      expect(exitCode).toBe(0);
      expect(stderr).toBe('');
      expect(entra.refreshTokens.accepts(report['refreshToken'] as string)).toBe(true);
      expect(() =>
        entra.verifyToken(report['accessToken'] as string, { audience: graphAudience }),
      ).not.toThrow();
    });

    it('asks the endpoint of version 1.0, and shows what only that one sends', async () => {
      const env = environment({ AZURE_REFRESH_TOKEN: entra.refreshTokens.issue() });
      const { exitCode, stdout } = await run(['token', '--endpoint', 'v1.0', '--json'], env);

      expect(exitCode).toBe(0);
      expect(json(stdout)).toMatchObject({
        resource: 'https://graph.microsoft.com',
        notBefore: expect.any(Number),
        expiresOn: expect.any(Number),
      });
    });

    it.each([
      ['public', 'https://graph.microsoft.com'],
      ['usgov', 'https://graph.microsoft.us'],
      ['china', 'https://microsoftgraph.chinacloudapi.cn'],
    ])('asks for Microsoft Graph of the cloud %s', async (cloud, resource) => {
      const env = environment({ AZURE_REFRESH_TOKEN: entra.refreshTokens.issue() });
      const { stdout } = await run(['token', '--endpoint', 'v1.0', '--cloud', cloud, '--json'], env);

      expect(json(stdout)).toMatchObject({ resource });
    });

    it('keeps the new refresh token in the store, and goes by it from then on', async () => {
      entra.refreshTokens.rotation = 'strict';
      const first = entra.refreshTokens.issue();
      const begun = await run(['token', '--store', store], environment({ AZURE_REFRESH_TOKEN: first }));
      const gone = await run(['token', '--store', store]);

      expect([begun, gone]).toMatchObject([
        { exitCode: 0, stderr: '' },
        { exitCode: 0, stderr: '' },
      ]);
      expect(entra.refreshTokens.accepts(first)).toBe(false);
      expect(await readFile(store, 'utf8')).not.toContain(first);
    });

    it('names each value that is missing', async () => {
      const { exitCode, stdout, stderr } = await run(['token'], {});

      expect(exitCode).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(
        'AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_REFRESH_TOKEN (or --store)',
      );
    });

    it.each<[string, number, (token: string) => void | Promise<void>]>([
      ['of an expired refresh token', 3, (token: string) => entra.refreshTokens.expire(token)],
      ['of a revoked grant', 3, (token: string) => entra.refreshTokens.revoke(token)],
      ['of an unwell endpoint', 5, () => entra.faults.set('token', { kind: 'http-status', status: 503 })],
    ])('tells by the exit code %s', async (_, exitCode, spoil) => {
      const refreshToken = entra.refreshTokens.issue();
      await spoil(refreshToken);
      const result = await run(['token'], environment({ AZURE_REFRESH_TOKEN: refreshToken }));

      expect(result).toMatchObject({
        exitCode,
        stdout: '',
        stderr: expect.stringMatching(/^\w+Error \(ENTRA_\w+\): /),
      });
      expect(result.stderr).not.toContain(refreshToken);
    });

    it('tells a wrong tenant by the exit code', async () => {
      const env = { AZURE_REFRESH_TOKEN: entra.refreshTokens.issue(), AZURE_TENANT_ID: 'no-such.example' };

      expect(await run(['token'], environment(env))).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('AADSTS90002'),
      });
    });

    it('tells a wrong secret by the exit code, and does not repeat it', async () => {
      const env = { AZURE_REFRESH_TOKEN: entra.refreshTokens.issue(), AZURE_CLIENT_SECRET: 'not-the-secret' };
      const result = await run(['token'], environment(env));

      expect(result).toMatchObject({ exitCode: 4, stdout: '' });
      expect(result.stderr).not.toContain('not-the-secret');
    });

    it.each([['--timeout', '0'], ['--endpoint', 'v3.0'], ['--no-such-option']])(
      'refuses %s %s',
      async (...args) => {
        expect(await run(['token', ...args])).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining('error:'),
        });
      },
    );
  });

  describe('store', () => {
    it('stores what comes from standard input, and shows everything but the token', async () => {
      const refreshToken = entra.refreshTokens.issue();
      const put = await run(['store', 'put', '--store', store], {}, `${refreshToken}\n`);
      const shown = await run(['store', 'show', '--store', store, '--json'], {});
      const used = await run(['token', '--store', store]);

      expect(put).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Stored /) });
      expect(put.stdout).not.toContain(refreshToken);
      expect(json(shown.stdout)).toMatchObject({ stored: true, encryptedWith: null, accessTokens: [] });
      expect(shown.stdout).not.toContain(refreshToken);
      expect(used.exitCode).toBe(0);
    });

    it('puts what is piped in before what the environment has', async () => {
      const env = { AZURE_REFRESH_TOKEN: 'left-over' };
      await run(['store', 'put', '--store', store], env, 'piped');
      expect(await readFile(store, 'utf8')).toContain('"piped"');
      await run(['store', 'put', '--store', store], env, '\n');
      expect(await readFile(store, 'utf8')).toContain('"left-over"');
    });

    it('waits for nothing to be typed when the environment has a token', async () => {
      const terminal = new FakeTerminal({ AZURE_REFRESH_TOKEN: 'given' });
      terminal.inputIsTyped = true;
      terminal.readInput = () => Promise.reject(new Error('Nobody types.'));
      expect(await runProgram(['store', 'put', '--store', store], terminal)).toBe(0);
      expect(await readFile(store, 'utf8')).toContain('"given"');
    });

    it.each(['', '  \n', 'two words'])('stores nothing for the input %j', async (input) => {
      expect(await run(['store', 'put', '--store', store], {}, input)).toMatchObject({
        exitCode: 2,
        stdout: '',
      });
      expect((await run(['store', 'show', '--store', store, '--json'], {})).stdout).toBe(
        '{"stored":false}\n',
      );
    });

    it('encrypts with the first key, and changes keys', async () => {
      const [older, newer] = [`2025=${key()}`, `2026=${key()}`];
      const refreshToken = entra.refreshTokens.issue();
      const keys = (...ring: string[]) => ({ ENTRA_AUTH_STORE_KEYS: ring.join(',') });
      await run(['store', 'put', '--store', store], { ...keys(older), AZURE_REFRESH_TOKEN: refreshToken });
      const file = await readFile(store, 'utf8');
      const withoutKeys = await run(['store', 'show', '--store', store], {});
      const wrongKey = await run(['store', 'rotate-key', '--store', store], keys(newer));
      const rotated = await run(['store', 'rotate-key', '--store', store], keys(newer, older));
      const again = await run(['store', 'rotate-key', '--store', store], keys(newer, older));
      const shown = await run(['store', 'show', '--store', store, '--json'], keys(newer));
      const used = await run(['token', '--store', store], environment(keys(newer)));

      expect(file).not.toContain(refreshToken);
      expect(withoutKeys.stdout).toContain('not readable without its key');
      expect(wrongKey).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('the key "2025"') });
      expect(rotated).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('anew') });
      expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('needs nothing') });
      expect(json(shown.stdout)).toMatchObject({ encryptedWith: '2026', refreshToken: expect.any(String) });
      expect(used.exitCode).toBe(0);
    });

    it('neither sends nor overwrites without keys what was stored with them', async () => {
      const refreshToken = entra.refreshTokens.issue();
      await run(['store', 'put', '--store', store], { ENTRA_AUTH_STORE_KEYS: `k1=${key()}` }, refreshToken);
      const file = await readFile(store, 'utf8');
      entra.requests.reset();
      const other = entra.refreshTokens.issue();
      const results = [
        await run(['token', '--store', store]),
        await run(['token', '--store', store], environment({ AZURE_REFRESH_TOKEN: other })),
        await run(['store', 'put', '--store', store], {}, other),
      ];

      for (const result of results) {
        expect(result).toMatchObject({
          exitCode: 6,
          stdout: '',
          stderr: expect.stringMatching(/the key "k1", and ENTRA_AUTH_STORE_KEYS is not set/),
        });
      }
      expect(entra.requests.token).toBe(0);
      expect(await readFile(store, 'utf8')).toBe(file);
    });

    it('encrypts a plain store only when told to', async () => {
      const keys = { ENTRA_AUTH_STORE_KEYS: `a=${key()}` };
      await run(['store', 'put', '--store', store], {}, entra.refreshTokens.issue());

      expect(await run(['store', 'rotate-key', '--store', store], keys)).toMatchObject({
        exitCode: 6,
        stderr: expect.stringContaining('store rotate-key --adopt-plaintext'),
      });
      expect(await run(['store', 'rotate-key', '--store', store, '--adopt-plaintext'], keys)).toMatchObject({
        exitCode: 0,
      });
      expect(json((await run(['store', 'show', '--store', store, '--json'], keys)).stdout)).toMatchObject({
        encryptedWith: 'a',
      });
    });

    it('never overwrites a store that it cannot read', async () => {
      await writeFile(store, '{"damaged":', { mode: 0o600 });

      expect(await run(['store', 'put', '--store', store], {}, 'a-new-token')).toMatchObject({ exitCode: 6 });
      expect(await readFile(store, 'utf8')).toBe('{"damaged":');
    });

    it.each([
      [['store', 'put'], '--store'],
      [['store', 'rotate-key', '--store', '/nowhere/token.json'], 'ENTRA_AUTH_STORE_KEYS'],
      [['store', 'show', '--data-source', '/nowhere/data-source.js'], '--data-source'],
      [['store', 'show', '--store', 'a', '--data-source', 'b'], 'cannot be used with'],
    ])('says what is missing: %j', async (args, named) => {
      expect(await run(args, {}, 'token')).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(named),
      });
    });
  });

  it.each([['--help'], ['token', '--help'], ['store', 'put', '--help']])(
    'explains itself: %s %s',
    async (...args) => {
      const terminal = new FakeTerminal();

      expect(await runProgram(args, terminal)).toBe(0);
      expect(terminal.stdout).toContain('Usage: nestjs-entra-auth');
      expect(terminal.stderr).toBe('');
    },
  );

  it('ends without an error when its reader closes the pipe', async () => {
    const args = ['--import', './test/support/typescript.mjs', 'lib/cli/main.ts', '--help'];
    const child = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const said = text(child.stderr);
    const [exitCode] = (await once(child, 'close')) as [number];

    expect(await said).toBe('');
    expect(exitCode).toBe(0);
  });

  it('prints its version', async () => {
    const terminal = new FakeTerminal();

    expect(await runProgram(['--version'], terminal)).toBe(0);
    expect(terminal.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
