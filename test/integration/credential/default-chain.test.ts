import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntraAuthError } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { systemClock } from '../../../lib/common/clock.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import type { CredentialConfiguration } from '../../../lib/credential/credential-configuration.js';
import { azureIdentityVersions } from './azure-identity-versions.js';

const environment = { ...process.env };
const scopes = 'https://api.example/.default';
const loaders = Object.entries(azureIdentityVersions);
let entra: LocalEntra;
let directory: string;

beforeAll(async () => {
  entra = await startLocalEntra({ apis: ['https://api.example'] });
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'default-chain-'));
  for (const name of Object.keys(process.env))
    if (/^(AZURE|IDENTITY|MSI)_/.test(name)) delete process.env[name];
  process.env['PATH'] = `${directory}:/usr/bin:/bin`;
  entra.requests.reset();
});

afterEach(async () => {
  process.env = { ...environment };
  rmSync(directory, { recursive: true });
  await entra.faults.clear();
});

afterAll(() => entra.stop());

/** A developer's tool that notes its calls. */
function install(program: string, script: string): { calls: () => number } {
  const file = join(directory, program);
  const log = `${file}.log`;
  writeFileSync(log, '');
  writeFileSync(file, `#!/bin/sh\necho call >> ${log}\n${script}\n`);
  chmodSync(file, 0o755);
  return { calls: () => readFileSync(log, 'utf8').split('\n').length - 1 };
}

const expiresOn = Math.floor(Date.now() / 1000) + 3_600;
const signedIn = (token: string) =>
  `echo '${JSON.stringify({ accessToken: token, expiresOn: '2030-01-01 00:00:00.000000', expires_on: expiresOn })}'`;
const withImds = (): void => void (process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = entra.imdsUrl);

const chain = (load = loaders[0]?.[1], configuration: Partial<CredentialConfiguration> = {}) =>
  credentialFactory({ ...configuration, kind: 'default' }, 'public', systemClock, load);

async function failureOf(create: ReturnType<typeof chain>): Promise<EntraAuthError> {
  const error: unknown = await Promise.resolve()
    .then(async () => (await create()).getToken(scopes))
    .catch((e: unknown) => e);
  return error as EntraAuthError;
}

// 4.13.1 starts tools in the environment of the real process, which a test of Jest cannot change.
const toolLoaders = loaders.filter(([version]) => version !== '4.13.1');

describe.each(loaders)('the default chain with @azure/identity %s', (_version, load) => {
  it('tells a laptop without Azure at once what each link lacks, developer tools first', async () => {
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'dev';
    const dev = await failureOf(chain(load));
    expect(dev.retryable).toBe(false);
    expect(dev.message.split('\n')).toEqual([
      'No credential of the default chain gave a token:',
      '- Visual Studio Code: not signed in',
      '- Azure CLI: not installed ("az" is not on the PATH)',
      '- Azure PowerShell: not installed ("pwsh" is not on the PATH)',
      '- Azure Developer CLI: not installed ("azd" is not on the PATH)',
      " On a developer's machine install the Azure CLI and run `az login`; on Azure assign a managed identity or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.",
    ]);
  });

  it('tells status and Retry-After of a managed identity that is unwell', async () => {
    withImds();
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'prod';
    await entra.faults.set('imds', { kind: 'http-status', status: 429, retryAfter: 3_600 });
    const error = await failureOf(chain(load));
    expect(error).toMatchObject({ retryable: true, statusCode: 429, retryAfterInMs: 3_600_000 });
  });

  it('stops at the environment when that is configured and wrong', async () => {
    const az = install('az', signedIn('from-az'));
    const variables = { ...entra.environment('client-secret'), AZURE_CLIENT_SECRET: 'wrong-secret' };
    Object.assign(process.env, variables);
    const trust = { authorityHost: entra.authorityHost, certificateAuthority: entra.certificateAuthority };
    expect((await failureOf(chain(load, trust))).message).toContain('AADSTS7000215');
    expect(az.calls()).toBe(0);
  });

  it.each(['prod', 'ManagedIdentityCredential', ' managedidentitycredential '])(
    'keeps the client id with AZURE_TOKEN_CREDENTIALS=%j',
    async (value) => {
      withImds();
      process.env['AZURE_TOKEN_CREDENTIALS'] = value;
      const { message, retryable } = await failureOf(chain(load, { clientId: 'unknown-client' }));
      expect(message).toContain('Identity not found');
      expect(retryable).toBe(false);
    },
  );

  it('takes AZURE_CLIENT_ID for the managed identity', async () => {
    withImds();
    Object.assign(process.env, { AZURE_TOKEN_CREDENTIALS: 'prod', AZURE_CLIENT_ID: entra.client.clientId });
    await expect((await chain(load)()).getToken(scopes)).resolves.toBeDefined();
  });

  it('refuses a name that it does not know', async () => {
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'BrokerCredential';
    const { message, retryable } = await failureOf(chain(load));
    expect(message).toContain(
      '"AZURE_TOKEN_CREDENTIALS" names no credential. Set it to "prod", "dev" or one of',
    );
    expect(retryable).toBe(false);
  });
});

describe.each(toolLoaders)(
  "developers' tools in the default chain with @azure/identity %s",
  (_version, load) => {
    it('shows every link in a line and the remedy once, whatever the tool prints', async () => {
      install(
        'az',
        'echo "ERROR: AADSTS70043: The refresh token has expired. Please run: az login" >&2; exit 1',
      );
      withImds();
      await entra.faults.set('imds', {
        kind: 'http-status',
        status: 400,
        body: { error: 'invalid_request', error_description: 'Identity not found' },
      });
      const { message, retryable } = await failureOf(chain(load));
      expect(message.match(/az login/g)).toHaveLength(1);
      expect(
        message
          .split('\n')
          .slice(1, -1)
          .map((line) => line.split(':')[0]),
      ).toEqual([
        '- Visual Studio Code',
        '- Azure CLI',
        '- Azure PowerShell',
        '- Azure Developer CLI',
        '- environment',
        '- workload identity',
        '- managed identity',
      ]);
      expect(message).toContain('- managed identity: IMDS answered with HTTP status 400: Identity not found');
      expect(retryable).toBe(false);
    });

    it('remembers the link that gave a token, also in a new instance', async () => {
      const az = install('az', signedIn('from-az'));
      withImds();
      await entra.faults.set('imds', { kind: 'http-status', status: 400 });
      const create = chain(load);
      expect((await (await create()).getToken(scopes))?.token).toBe('from-az');
      const { imds } = entra.requests;
      expect((await (await create()).getToken(scopes))?.token).toBe('from-az');
      expect(az.calls()).toBe(2);
      expect(entra.requests.imds).toBe(imds);
    });

    it('does not settle for a later link while an earlier one is unwell', async () => {
      install('az', signedIn('from-az'));
      withImds();
      const create = chain(load);
      await entra.faults.set('imds', { kind: 'http-status', status: 503 });
      expect((await (await create()).getToken(scopes))?.token).toBe('from-az');
      await entra.faults.clear();
      expect((await (await create()).getToken(scopes))?.token === 'from-az').toBe(false);
    });

    const expired =
      'ERROR: AADSTS700082: The refresh token has expired due to inactivity. Interactive authentication is needed. Please run: az logout; az login --scope https://api.example/.default';

    it.each([
      ['the Azure CLI', 'az', expired, 'AADSTS700082'],
      ['the Azure CLI', 'az', 'ERROR: AADSTS50173: The provided grant has expired.', 'AADSTS50173'],
      ['the Azure CLI', 'az', "ERROR: Please run 'az login' to setup account.", 'Azure CLI: not signed in'],
      [
        'the Azure Developer CLI',
        'azd',
        'ERROR: reauthentication required',
        'Azure Developer CLI: This credential',
      ],
    ])('fails at once when %s needs a sign-in: %s: %s', async (_, program, line, expected) => {
      install(program, `echo "${line}" >&2; exit 1`);
      process.env['AZURE_TOKEN_CREDENTIALS'] = 'dev';
      const { message, retryable } = await failureOf(chain(load));
      expect(message).toContain(expected);
      expect(message).toContain('`az login`');
      expect(retryable).toBe(false);
    });

    it.each([
      ['az', 'Azure CLI', 'az login', expired],
      ['az', 'Azure CLI', 'az login', 'ERROR: Please run az login'],
      ['azd', 'Azure Developer CLI', 'azd auth login', 'ERROR: not logged in, run `azd auth login` to login'],
    ])('asks for a new sign-in with %s when the one that gave tokens has ended', async (...row) => {
      const [program, title, command, line] = row;
      const answer = JSON.stringify({ token: 'from-azd', expiresOn: new Date(expiresOn * 1_000) });
      install(program, program === 'az' ? signedIn('from-az') : `echo '${answer}'`);
      process.env['AZURE_TOKEN_CREDENTIALS'] = 'dev';
      const create = chain(load);
      await (await create()).getToken(scopes);
      install(program, `cat >&2 <<'END'\n${line}\nEND\nexit 1`);
      const error = await failureOf(create);
      expect(error).toMatchObject({ code: 'ENTRA_REAUTHENTICATION_REQUIRED', retryable: false });
      expect(error.message).toContain(`${title} gives no token without a new sign-in`);
      expect(error.fix).toBe(`Run \`${command}\`; it is picked up without a restart.`);
    });

    it('tries the Azure CLI that gave tokens again after any other failure', async () => {
      install('az', signedIn('from-az'));
      process.env['AZURE_TOKEN_CREDENTIALS'] = 'dev';
      const create = chain(load);
      await (await create()).getToken(scopes);
      install('az', 'echo "ERROR: HTTPSConnectionPool: Max retries exceeded" >&2; exit 1');
      expect(await failureOf(create)).not.toHaveProperty('code');
    });

    it.each(['AzureCliCredential', 'azureclicredential', 'dev'])(
      'asks the Azure CLI alone with AZURE_TOKEN_CREDENTIALS=%s',
      async (value) => {
        install('az', signedIn('from-az'));
        withImds();
        process.env['AZURE_TOKEN_CREDENTIALS'] = value;
        expect((await (await chain(load)()).getToken(scopes))?.token).toBe('from-az');
        expect(entra.requests.imds).toBe(0);
      },
    );
  },
);
