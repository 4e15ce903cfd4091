import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { runProgram as runCommand } from '../../../lib/cli/program.js';
import type { DoctorReport } from '../../../lib/cli/doctor/doctor-report.js';
import type { Finding } from '../../../lib/cli/doctor/finding.js';
import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { repositoryRoot } from '../../support/build.js';
import { quickestOfThree } from '../../support/eventually.js';
import { databaseAudience } from '../../support/local-data-source.js';
import { runProgram } from '../../support/run-program.js';
import { SecretScan } from '../../support/secret-scan.js';
import { RecordingServer } from '../postgres/guard.recording-server.js';
import { FakeTerminal } from './fake-terminal.js';

const longestInMs = 15_000;
const hour = 3_600_000;
const before = { ...process.env };
const schema = JSON.parse(readFileSync('docs/doctor.schema.json', 'utf8')) as object;
const describes = new Ajv({ strict: false }).compile(schema);

let entra: LocalEntra;
let folder: string;
let plain: RecordingServer;
let foreign: RecordingServer;
const scan = new SecretScan({});

beforeAll(async () => {
  entra = await startLocalEntra({ postgres: true });
  scan.protect({ 'client secret': entra.client.clientSecret });
  const other = new CertificateAuthority();
  plain = await RecordingServer.start();
  foreign = await RecordingServer.start({ certificate: other.issueServerCertificate() });
});

afterAll(async () => {
  await plain?.stop();
  await foreign?.stop();
  await entra?.stop();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  for (const name of Object.keys(process.env))
    if (/^(AZURE_|IDENTITY_|MSI_)|_proxy$/i.test(name)) delete process.env[name];
  process.env['PATH'] = folder;
});

afterEach(async () => {
  process.env = { ...before };
  rmSync(folder, { recursive: true });
  await entra.faults.clear();
});

const application = (): Record<string, string> => ({
  AZURE_TENANT_ID: entra.tenantId,
  AZURE_CLIENT_ID: entra.client.clientId,
  AZURE_CLIENT_SECRET: entra.client.clientSecret,
  AZURE_AUTHORITY_HOST: entra.authorityHost,
});

/** Leads to the local PostgreSQL as the right role. */
function server(more: { host?: string; port?: number; username?: string; ca?: string } = {}): string[] {
  const { host = entra.postgres.host, port = entra.postgres.port, username = entra.client.name } = more;
  const file = more.ca ?? entra.certificateAuthorityFile;
  const target = ['--host', host, '--port', String(port), '--database', entra.postgres.database];
  return [...target, '--username', username, '--ca-file', file];
}

interface Examination {
  env?: Record<string, string>;
  args?: string[];
  clockAheadInMs?: number;
}

/** Runs the doctor in this process: as JSON, which must fit the schema, and within the time that a person waits. */
async function examine({ env = application(), args = server(), clockAheadInMs = 0 }: Examination) {
  Object.assign(process.env, env);
  const terminal = new FakeTerminal(env);
  terminal.now = () => Date.now() + clockAheadInMs;
  const startedAt = performance.now();
  const exitCode = await runCommand(['doctor', '--json', ...args], terminal);
  const tookInMs = performance.now() - startedAt;
  scan.text('the doctor', `${terminal.stdout}${terminal.stderr}`);
  const report = JSON.parse(terminal.stdout) as DoctorReport;
  expect([describes(report), describes.errors]).toEqual([true, null]);
  expect(tookInMs).toBeLessThan(longestInMs);
  return { exitCode, ...report };
}

const failuresOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ status }) => status === 'fail');

/** A set-up that is broken in one place, and what must be found: nothing else fails. */
interface Broken extends Partial<Finding> {
  name: string;
  given: () => Examination | Promise<Examination>;
  text: string;
  remedy: string;
}

const fault = async (code: number): Promise<Examination> => {
  await entra.faults.set('token', { kind: 'entra-error', code });
  return {};
};

const broken: Broken[] = [
  {
    name: 'the wrong tenant',
    given: () => ({ env: { ...application(), AZURE_TENANT_ID: '99999999-9999-4999-8999-999999999999' } }),
    check: 'token',
    aadsts: 90002,
    text: 'AADSTS90002',
    remedy: 'Check the tenant id: Entra ID does not know that tenant.',
  },
  {
    name: 'the wrong secret',
    given: () => ({ env: { ...application(), AZURE_CLIENT_SECRET: 'not-the-secret-of-it' } }),
    check: 'token',
    aadsts: 7000215,
    text: 'AADSTS7000215',
    remedy: 'Check the client secret: use its value, not its id.',
  },
  {
    name: 'an expired secret',
    given: () => fault(7000222),
    check: 'token',
    aadsts: 7000222,
    text: 'AADSTS7000222',
    remedy: 'The client secret has expired; create a new one.',
  },
  {
    name: 'no consent',
    given: () => fault(65001),
    check: 'token',
    aadsts: 65001,
    text: 'AADSTS65001',
    remedy: 'Grant consent for the application in Entra ID.',
  },
  {
    name: 'a role that does not exist',
    given: () => ({ args: server({ username: 'reports-app' }) }),
    check: 'login',
    code: 'ENTRA_LOGIN_REFUSED',
    text: 'refused the login of the role "reports-app"',
    remedy: "select * from pgaadauth_create_principal_with_oid('reports-app'",
  },
  {
    name: 'a role in the wrong case',
    given: () => ({ args: server({ username: 'Notes-App' }) }),
    check: 'login',
    text: 'refuses the role "Notes-App" and accepts "notes-app"',
    remedy: 'Write "notes-app" as "username".',
  },
  {
    name: 'a token for another audience',
    given: async () => {
      await entra.faults.set('token', { kind: 'wrong-audience' });
      return {};
    },
    check: 'token',
    text: 'https://management.',
    remedy: 'Check the scopes of the resource.',
  },
  {
    name: 'a server of another cloud',
    given: () => ({ args: server({ host: 'notes.postgres.database.chinacloudapi.cn' }) }),
    check: 'cloud',
    text: 'The server is in the cloud "china", and tokens are asked for in "public".',
    remedy: 'Set the option "cloud" (here --cloud) to "china".',
  },
  {
    name: 'a server without TLS',
    given: () => ({ args: server({ host: 'localhost', port: plain.port }) }),
    check: 'server',
    text: 'does not offer TLS',
    remedy: 'Turn TLS on at the server',
  },
  {
    name: 'an unknown certificate authority',
    given: () => ({ args: server({ host: 'localhost', port: foreign.port }) }),
    check: 'server',
    text: 'The certificate of localhost',
    remedy: 'Give the certificate authority as "ssl": { ca } (here --ca-file)',
  },
  {
    name: 'a host name that the certificate does not have',
    given: () => ({ args: server({ host: '0.0.0.0' }) }),
    check: 'server',
    text: 'The certificate of 0.0.0.0',
    remedy: 'Connect by a name that the certificate has',
  },
  {
    name: 'a server that does not listen',
    given: () => ({ args: server({ host: 'localhost', port: 1 }) }),
    check: 'server',
    text: 'ECONNREFUSED',
    remedy: 'Check the host, the port, the firewall',
  },
  {
    name: 'a clock that is an hour ahead',
    given: () => ({ clockAheadInMs: hour, args: ['--ca-file', entra.certificateAuthorityFile] }),
    check: 'clock',
    text: "s ahead of the authority's.",
    remedy: 'Set the clock of this machine',
  },
  {
    name: 'no IMDS',
    given: () => ({
      env: {
        AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
        AZURE_AUTHORITY_HOST: entra.authorityHost,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:1/',
      },
    }),
    check: 'token',
    text: '127.0.0.1:1',
    remedy: 'managed identity',
  },
  {
    name: 'a value of AZURE_TOKEN_CREDENTIALS that names nothing',
    given: () => ({ env: { ...application(), AZURE_TOKEN_CREDENTIALS: 'Managed' } }),
    check: 'credential',
    text: '"AZURE_TOKEN_CREDENTIALS" names no credential',
    remedy: 'Set it to "prod", "dev" or one of',
  },
];

describe('the doctor', () => {
  it('finds nothing wrong where nothing is, and shows the claims but no token', async () => {
    const { exitCode, status, findings } = await examine({});
    expect([exitCode, status, failuresOf(findings)]).toEqual([0, 'ok', []]);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['credential', 'authority', 'clock', 'token', 'server', 'login']),
    );
    expect(findings.find(({ check }) => check === 'token')).toMatchObject({
      facts: {
        aud: databaseAudience,
        tid: entra.tenantId,
        appid: entra.client.clientId,
        principal: 'service',
      },
    });
  });

  it.each(broken)('names $name', async ({ name: _, given, text, remedy, ...more }) => {
    const { exitCode, status, findings } = await examine(await given());
    expect([exitCode, status]).toEqual([1, 'fail']);
    expect(failuresOf(findings)).toEqual([
      expect.objectContaining({
        ...more,
        text: expect.stringContaining(text),
        remedy: expect.stringContaining(remedy),
      }),
    ]);
  });

  it('names a proxy that refuses', async () => {
    const proxy = { HTTPS_PROXY: 'http://user:proxy-password@127.0.0.1:1', NO_PROXY: '' };
    const { findings, exitCode } = await examine({ env: { ...application(), ...proxy } });
    expect(exitCode).toBe(1);
    expect(failuresOf(findings)[0]).toMatchObject({
      check: 'proxy',
      text: 'The proxy 127.0.0.1:1 of the environment could not be reached (ECONNREFUSED).',
      remedy: 'Check HTTPS_PROXY and the proxy, or exempt the authority host with NO_PROXY.',
    });
    expect(JSON.stringify(findings)).not.toContain('proxy-password');
  });

  it('helps on a laptop with nothing configured', async () => {
    const { findings, exitCode } = await examine({
      env: { AZURE_AUTHORITY_HOST: entra.authorityHost, AZURE_POD_IDENTITY_AUTHORITY_HOST: '' },
      args: ['--ca-file', entra.certificateAuthorityFile],
    });
    expect(exitCode).toBe(1);
    const [failure, ...others] = failuresOf(findings);
    expect(others).toEqual([]);
    expect(failure?.remedy).toContain('`az login`');
    expect(findings.filter(({ check }) => check === 'credential').map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'environment is skipped: not set: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.',
      ]),
    );
  });

  it('writes a line for each finding, with the remedy below it', async () => {
    await entra.faults.set('token', { kind: 'entra-error', code: 7000222 });
    Object.assign(process.env, application());
    const terminal = new FakeTerminal(process.env);
    expect(await runCommand(['doctor', ...server()], terminal)).toBe(1);
    expect(terminal.stdout).toMatch(/^ok {4}credential environment is asked/m);
    expect(terminal.stdout).toMatch(/^ok {4}authority {2}localhost:\d+ answers\. \(\d+ ms\)$/m);
    expect(terminal.stdout).toMatch(
      /^fail {2}token {6}No access token .*AADSTS7000222.*\n {17}-> The client secret has expired/m,
    );
  });

  it('tells what it waits for when that takes more than a second', async () => {
    entra.latencyInMs = 1_300;
    try {
      Object.assign(process.env, application());
      const terminal = new FakeTerminal(process.env);
      await runCommand(['doctor', '--ca-file', entra.certificateAuthorityFile], terminal);
      expect(terminal.stderr).toContain('… asking the authority\n');
    } finally {
      entra.latencyInMs = 0;
    }
  });

  it('refuses a command line that cannot be meant', async () => {
    for (const args of [
      ['--username', 'app'],
      ['--host', 'h', '--port', 'x'],
      ['--redis', 'a/b'],
      ['--cloud', 'mars'],
    ]) {
      expect(await runCommand(['doctor', ...args], new FakeTerminal())).toBe(2);
    }
  });

  it("names a developer's token with the role of the application, as a program of its own", async () => {
    const token = entra.issueToken({
      audience: databaseAudience,
      lifetimeInSeconds: 3_600,
      claims: { idtyp: 'user', scp: 'user_impersonation', upn: 'nora@contoso.example', oid: 'of-nora' },
    });
    const answer = JSON.stringify({
      accessToken: token,
      expiresOn: '2099-01-01 00:00:00.000000',
      expires_on: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const az = join(folder, 'az');
    writeFileSync(az, `#!/bin/sh\necho '${answer}'\n`);
    chmodSync(az, 0o755);
    const args = [
      '--import',
      './test/support/typescript.mjs',
      'lib/cli/main.ts',
      'doctor',
      '--json',
      ...server(),
    ];
    const env = {
      PATH: `${folder}:/usr/bin:/bin`,
      AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential',
      AZURE_AUTHORITY_HOST: entra.authorityHost,
    };
    let exitCode: number | undefined;
    let stdout = '';
    const tookInMs = await quickestOfThree(longestInMs, async () => {
      ({ exitCode, stdout } = await runProgram(process.execPath, args, { cwd: repositoryRoot, env }));
    });
    expect(tookInMs).toBeLessThan(longestInMs);
    const { findings } = JSON.parse(stdout) as DoctorReport;
    expect(exitCode).toBe(1);
    expect(failuresOf(findings)).toEqual([
      expect.objectContaining({
        check: 'login',
        code: 'ENTRA_LOGIN_REFUSED',
        remedy: expect.stringContaining(
          'leave "username" out: the role is then found in the token: "nora@contoso.example"',
        ),
      }),
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ status: 'warn', check: 'credential' }));
    expect(stdout).not.toContain(token.slice(0, 20));
  });

  it('has shown no secret in all of that', () => {
    expect(scan.leaks()).toEqual([]);
    expect(scan.length).toBeGreaterThan(10_000);
  });
});
