import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { runProgram } from '../../../lib/cli/program.js';
import { ScriptedTokenServer, type ReceivedForm } from '../../support/scripted-token-server.js';
import { SecretScan } from '../../support/secret-scan.js';
import { FakeTerminal } from './fake-terminal.js';

const requestTimeoutInMs = 77_000;
let folder: string;
let store: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nestjs-entra-auth-login-'));
  store = join(folder, 'refresh-token.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stored = async (): Promise<{ refreshToken: string }> => {
  const { value } = JSON.parse(await readFile(store, 'utf8')) as { value: { refreshToken: string } };
  return value;
};

/** A clock that jumps to the end of each wait between two polls, and notes how long it was. Requests take no time. */
class JumpingClock implements Clock {
  readonly waits: number[] = [];
  onWait: (count: number) => void = () => undefined;
  #now = Date.UTC(2026, 0, 1);

  readonly now = (): number => this.#now;
  readonly random = (): number => 0.5;

  setTimeout(callback: () => void, delayInMs: number): void {
    if (delayInMs === requestTimeoutInMs) return;
    this.waits.push(delayInMs / 1000);
    this.#now += delayInMs;
    this.onWait(this.waits.length);
    setImmediate(callback);
  }

  clearTimeout(): void {
    // A wait that has begun ends at once, and the deadline of a request never comes.
  }
}

interface Server {
  authorityHost: string;
  certificateAuthority: string;
}

async function run(
  server: Server,
  env: Record<string, string>,
  { args = ['--store', store], clock = new JumpingClock(), onWait = () => undefined }: RunOptions = {},
) {
  await writeFile(join(folder, 'ca.pem'), server.certificateAuthority);
  const terminal = new FakeTerminal({ AZURE_AUTHORITY_HOST: server.authorityHost, ...env });
  terminal.clock = clock;
  clock.waits.length = 0;
  clock.onWait = (count) => onWait(count, terminal);
  const common = ['--ca-file', join(folder, 'ca.pem'), '--timeout', String(requestTimeoutInMs / 1000)];
  const exitCode = await runProgram(['login', ...common, ...args], terminal);
  const { stdout, stderr } = terminal;
  return { exitCode, stdout, stderr, waits: [...clock.waits] };
}

interface RunOptions {
  args?: string[];
  clock?: JumpingClock;
  onWait?: (count: number, terminal: FakeTerminal) => void;
}

const codeIn = ({ stderr }: { stderr: string }) => /enter the code ([\w-]+)\./.exec(stderr)?.[1] ?? '';

describe('login, against the local Entra', () => {
  const clock = new JumpingClock();
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ clock, client: { publicClient: true } });
  });
  afterAll(() => entra.stop());
  beforeEach(() => entra.requests.reset());

  const environment = () => ({ AZURE_TENANT_ID: entra.tenantId, AZURE_CLIENT_ID: entra.client.clientId });
  /** Signs in before the poll of that number. */
  const logIn = (poll: number, user?: string) =>
    run(entra, environment(), {
      clock,
      onWait: (count, terminal) => {
        if (count === poll) entra.signIns.enterCode(codeIn(terminal), user);
      },
    });

  it('stores a refresh token that works, and shows nothing but the user code', async () => {
    const { exitCode, stdout, stderr, waits } = await logIn(3);
    expect(exitCode).toBe(0);
    expect(waits).toEqual([5, 5, 5]);
    expect(stderr).toContain(`open ${entra.authorityHost}/common/oauth2/deviceauth and enter the code`);
    expect(stderr).toContain('It is good for 15 minutes.');

    const { refreshToken } = await stored();
    expect(entra.refreshTokens.accepts(refreshToken)).toBe(true);
    expect((await stat(store)).mode & 0o777).toBe(0o600);
    // The random name of the folder may look like a secret.
    expect(stdout).toMatch(/^Signed in\. The refresh token is in \S+\.\n$/);
    const scan = new SecretScan({ 'refresh token': refreshToken });
    scan.text('output', stdout + stderr);
    expect(scan.leaks()).toEqual([]);
    expect(stdout + stderr).not.toMatch(/eyJ|[\w-]{60,}/);
  });

  it('replaces what an earlier sign-in left, which the next command redeems', async () => {
    const tokens = new Set<string>();
    for (let round = 0; round < 2; round++) {
      await expect(logIn(1)).resolves.toMatchObject({ exitCode: 0 });
      tokens.add((await stored()).refreshToken);
    }
    expect(tokens.size).toBe(2);
    const terminal = new FakeTerminal({ ...environment(), AZURE_AUTHORITY_HOST: entra.authorityHost });
    const args = ['token', '--public-client', '--store', store, '--ca-file', join(folder, 'ca.pem')];
    await expect(runProgram([...args, '--json'], terminal)).resolves.toBe(0);
    expect(JSON.parse(terminal.stdout)).toMatchObject({ tokenType: 'Bearer', scope: expect.any(String) });
  });

  it('proves a client that has a secret at the token endpoint', async () => {
    await using other = await startLocalEntra({ clock });
    const { clientId, clientSecret: AZURE_CLIENT_SECRET } = other.client;
    const env = { AZURE_TENANT_ID: other.tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET };
    const onWait: RunOptions['onWait'] = (_, terminal) => other.signIns.enterCode(codeIn(terminal));
    await expect(run(other, env, { clock, onWait })).resolves.toMatchObject({ exitCode: 0 });
    expect(other.refreshTokens.accepts((await stored()).refreshToken)).toBe(true);
  });

  it('is not told to slow down', async () => {
    entra.signIns.checksPollingInterval = true;
    await expect(logIn(3)).resolves.toMatchObject({ exitCode: 0, waits: [5, 5, 5] });
    entra.signIns.checksPollingInterval = false;
  });

  it('ends when the person declines, and leaves the store alone', async () => {
    const { exitCode, stderr } = await run(entra, environment(), {
      clock,
      onWait: (_, terminal) => entra.signIns.declineCode(codeIn(terminal)),
    });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('The sign-in was declined. Run the command again');
    await expect(stat(store)).rejects.toThrow('ENOENT');
  });

  it('ends when the code has expired, without a request for that', async () => {
    const { exitCode, stderr, waits } = await run(entra, environment(), { clock });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('The sign-in was not finished in time: the code has expired.');
    expect(waits).toHaveLength(179);
    expect(entra.requests.token).toBe(179);
  });

  it('names every value that is missing, and the store', async () => {
    const nothing = await run(entra, {});
    expect(nothing).toMatchObject({ exitCode: 2 });
    expect(nothing.stderr).toContain('AZURE_TENANT_ID, AZURE_CLIENT_ID');
    const nowhere = await run(entra, environment(), { args: [] });
    expect(nowhere).toMatchObject({ exitCode: 2 });
    expect(nowhere.stderr).toContain('Give --store <file> or --data-source <module>.');
    expect(entra.requests.token).toBe(0);
  });

  it('sends no person to a browser when the store cannot be read', async () => {
    await writeFile(store, 'not a record', { mode: 0o600 });
    const result = await run(entra, environment());
    expect([result.exitCode, codeIn(result)]).toEqual([6, '']);
  });
});

describe('login, against a server of any kind', () => {
  const env = { AZURE_TENANT_ID: 'contoso.onmicrosoft.com', AZURE_CLIENT_ID: 'the-client' };
  const deviceCode = 'the-device-code-that-is-secret';
  const codes = {
    user_code: 'ABCD-EFGH',
    device_code: deviceCode,
    verification_uri: 'https://login.example/device',
    expires_in: 900,
    interval: 5,
  };
  let server: ScriptedTokenServer;

  beforeAll(async () => {
    server = await ScriptedTokenServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => void (server.received.length = 0));

  type Reply = { status?: number; headers?: Record<string, string>; body: object | string } | 'reset';
  /** Gives codes, and then each reply in turn to the polls. */
  function answer(replies: Reply[], authorization: object = codes): void {
    const left = [...replies];
    server.answer(({ path }: ReceivedForm, response) => {
      const reply = path.endsWith('/devicecode') ? { body: authorization } : (left.shift() ?? 'reset');
      if (reply === 'reset') return void response.destroy();
      const { status = 200, headers = {}, body } = reply;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }
  const pending = { status: 400, body: { error: 'authorization_pending' } };
  const granted = {
    body: { token_type: 'Bearer', expires_in: 3600, access_token: 'a', refresh_token: 'r-1' },
  };
  const logIn = (replies: Reply[], authorization: object = codes) => {
    answer(replies, authorization);
    return run(server, env);
  };

  it('waits five seconds longer after each slow_down, and keeps to it', async () => {
    const slow = { status: 400, body: { error: 'slow_down' } };
    const { exitCode, waits } = await logIn([pending, slow, pending, slow, granted]);
    expect(exitCode).toBe(0);
    expect(waits).toEqual([5, 5, 10, 10, 15]);
    await expect(stored()).resolves.toMatchObject({ refreshToken: 'r-1' });
  });

  it('goes on through cut connections and a server that is unwell, more slowly, and honours Retry-After', async () => {
    const busy = {
      status: 429,
      headers: { 'retry-after': '40' },
      body: { error: 'temporarily_unavailable' },
    };
    const { exitCode, waits } = await logIn(['reset', { status: 503, body: '<html>' }, busy, granted]);
    expect(exitCode).toBe(0);
    expect(waits).toEqual([5, 10, 20, 40]);
  });

  it.each([
    ['expired_token', 3, 'The sign-in was not finished in time'],
    ['access_denied', 3, 'The sign-in was declined'],
    ['authorization_declined', 3, 'The sign-in was declined'],
    ['invalid_client', 4, 'refused with "invalid_client"'],
    ['bad_verification_code', 2, 'refused with "bad_verification_code"'],
  ])('ends with %s', async (error, exitCode, message) => {
    const described = { error, error_description: `No, ${deviceCode}.` };
    const result = await logIn([pending, { status: 400, body: described }]);
    expect(result).toMatchObject({ exitCode, waits: [5, 5] });
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toContain(deviceCode);
  });

  it('takes a refresh token out of an answer that breaks off behind it', async () => {
    const { exitCode } = await logIn([{ body: '{"refresh_token":"r-2","access_token":"unfin' }]);
    expect(exitCode).toBe(0);
    await expect(stored()).resolves.toMatchObject({ refreshToken: 'r-2' });
  });

  it('tells when there is no refresh token, and stores nothing', async () => {
    const { exitCode, stderr } = await logIn([{ body: { token_type: 'Bearer', access_token: 'a' } }]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('offline_access');
    await expect(stat(store)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['user_code', { ...codes, user_code: '\u001b]0;evil\u0007' }],
    ['user_code', { ...codes, user_code: undefined }],
    ['verification_uri', { ...codes, verification_uri: 'http://login.example/device' }],
    ['verification_uri', { ...codes, verification_uri: 'https://login.example/\u001b[2J' }],
    ['device_code', { ...codes, device_code: 42 }],
  ])('refuses codes without a usable %s', async (name, authorization) => {
    const { exitCode, stderr } = await logIn([], authorization);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`returned no usable ${name}`);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toContain('evil');
  });

  it('names scopes with the code, with offline_access, and none with the polls', async () => {
    await logIn([granted]);
    const [first, second] = server.received;
    expect(first?.form).toEqual({
      client_id: 'the-client',
      scope: 'https://graph.microsoft.com/.default offline_access',
    });
    expect(second?.form).toEqual({
      client_id: 'the-client',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: deviceCode,
    });
  });
});
