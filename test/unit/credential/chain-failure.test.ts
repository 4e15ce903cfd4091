import { describe, expect, it } from '@jest/globals';

import {
  CredentialRequestError,
  CredentialUnavailableError,
} from '../../../lib/credential/credential.error.js';
import {
  chainFailure,
  refusalOf,
  signInFailure,
  type AskedLink,
} from '../../../lib/credential/default-chain/chain-failure.js';
import type { ChainLink } from '../../../lib/credential/default-chain/chain-link.js';
import { installIdentity } from '../../../lib/credential/azure-identity.js';
import { TokenRequestFailedError } from '../../../lib/entra/token-endpoint.error.js';

const link = (title: string, more: Partial<ChainLink> = {}): ChainLink => ({
  name: 'managedidentitycredential',
  title,
  decides: false,
  refusal: () => undefined,
  make: () => Promise.reject(new Error('not made')),
  ...more,
});
const cli = link('Azure CLI', { name: 'azureclicredential', signIn: 'Run `az login`' });
const powerShell = link('Azure PowerShell', {
  name: 'azurepowershellcredential',
  signIn: 'Run `Connect-AzAccount`',
});
const identity = link('managed identity');

describe('the reason of a link', () => {
  it.each<[string, string, boolean]>([
    ["Azure CLI: Please run 'az login' from a command prompt", 'not signed in', false],
    ["Please run 'Connect-AzAccount' from PowerShell", 'not signed in', false],
    ["Please run 'azd auth login' from a command prompt", 'not signed in', false],
    ['Visual Studio Code Authentication is not available.', 'not signed in', false],
    ['ERROR: Run: az login --scope x', 'Run: az login --scope x', false],
    ['Interactive authentication is needed.', 'Interactive authentication is needed', false],
    ['AADSTS700016: Not found.', 'AADSTS700016: Not found', false],
    ['AADSTS90033: Busy.', 'AADSTS90033: Busy', true],
    ['Error: connect\n  ECONNREFUSED', 'connect ECONNREFUSED', true],
    ['ManagedIdentityCredential: no response.  ', 'no response', true],
    ['Failed. To troubleshoot, visit https://aka.ms/azsdk/x.', 'Failed', true],
  ])('%s', (message, reason, passing) => {
    const error = new Error(message);
    expect(refusalOf(error)).toEqual({ reason, passing, cause: error });
    expect(refusalOf(new CredentialRequestError(error, undefined, undefined, undefined))).toMatchObject({
      reason,
      passing,
    });
  });

  it('is that of an error of this package, without its remedy', () => {
    const error = new CredentialUnavailableError('Managed identity: it is gone.', 'Assign one.');
    expect(refusalOf(error)).toEqual({ reason: 'it is gone', passing: false, cause: error });
    const busy = new TokenRequestFailedError('It is busy.', 'Wait.', { retryable: true });
    expect(refusalOf(busy)).toMatchObject({ reason: 'It is busy', passing: true });
  });

  it('has 400 characters, from both ends, and no secret', () => {
    expect(refusalOf(new Error('x '.repeat(200).trim())).reason).toHaveLength(399);
    const { reason } = refusalOf(new Error(`begin ${'x '.repeat(400)} end`));
    expect(reason).toHaveLength(403);
    expect(reason).toMatch(/^begin .* … .* end$/);
    expect(refusalOf(new Error('client_secret=hush')).reason).toBe('client_secret=[redacted]');
    expect(refusalOf('a text').reason).toBe('a text');
  });
});

describe("a developer's tool", () => {
  it.each([
    "Please run 'az login' from a command prompt",
    'ERROR: az login --tenant x',
    'AADSTS50173: The grant was revoked.',
    'AADSTS700082: The refresh token has expired.',
  ])('needs a new sign-in: %s', (message) => {
    expect(signInFailure(cli, new Error(message))).toMatchObject({
      code: 'ENTRA_REAUTHENTICATION_REQUIRED',
      fix: 'Run `az login`; it is picked up without a restart.',
      retryable: false,
      message: expect.stringMatching(/^The Azure CLI gives no token without a new sign-in: /),
      cause: { message },
    });
  });

  it('keeps the number of the code', () => {
    expect(signInFailure(cli, new Error('AADSTS50173: x'))).toMatchObject({ aadsts: 50173 });
  });

  it.each(['connect ECONNREFUSED', 'AADSTS90033: Busy.', 'AADSTS7000215: Secret.'])(
    'needs none: %s',
    (message) => {
      expect(signInFailure(cli, new Error(message))).toBeUndefined();
    },
  );

  it('is meant: another link has no sign-in', () => {
    expect(signInFailure(identity, new Error("run 'azd auth login'"))).toBeUndefined();
  });
});

describe('a chain without a token', () => {
  const asked = (one: ChainLink, reason: string, more: Partial<AskedLink> = {}): AskedLink => ({
    link: one,
    reason,
    passing: false,
    ...more,
  });
  const onAzure =
    'assign a managed identity or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.';

  it("has a line for each link, developers' tools first, and the remedy of both", () => {
    const error = chainFailure([
      asked(identity, 'none'),
      asked(cli, 'not installed ("az" is not on the PATH)'),
      asked(powerShell, 'not signed in'),
    ]);
    expect(error.message).toBe(
      'No credential of the default chain gave a token:\n' +
        '- Azure CLI: not installed ("az" is not on the PATH)\n' +
        '- Azure PowerShell: not signed in\n' +
        '- managed identity: none\n' +
        ` On a developer's machine install the Azure CLI and run \`az login\`; on Azure ${onAzure}`,
    );
    expect([error.retryable, error.cause, error.statusCode]).toEqual([false, undefined, undefined]);
  });

  it('has no remedy for tools that were not asked', () => {
    expect(chainFailure([asked(identity, 'none')]).fix).toBe(`On Azure ${onAzure}`);
    expect(chainFailure([asked(cli, 'not signed in')]).fix).toBe(
      `On a developer's machine run \`az login\`; on Azure ${onAzure}`,
    );
    expect(chainFailure([asked(powerShell, 'not installed ("pwsh")')]).fix).toMatch(/machine run `az login`/);
  });

  it('has the cause and the numbers of the link that may pass', () => {
    const permanent = new TokenRequestFailedError('No.', 'x', { retryable: false, statusCode: 400 });
    const busy = new TokenRequestFailedError('Busy.', 'x', {
      retryable: true,
      statusCode: 429,
      retryAfterInMs: 7,
    });
    const error = chainFailure([
      asked(cli, 'no', { cause: permanent }),
      asked(powerShell, 'lost', { passing: true, cause: new Error('lost') }),
      asked(identity, 'busy', { passing: true, cause: busy }),
    ]);
    expect(error).toMatchObject({
      retryable: true,
      statusCode: 429,
      retryAfterInMs: 7,
      cause: { message: 'lost' },
    });
    const others = chainFailure([asked(cli, 'off'), asked(identity, 'no', { cause: permanent })]);
    expect(others).toMatchObject({ retryable: false, cause: permanent });
    expect(others.statusCode).toBeUndefined();
    const foreign = Object.assign(new Error('x'), { statusCode: 503 });
    expect(chainFailure([asked(cli, 'x', { passing: true, cause: foreign })]).statusCode).toBeUndefined();
  });

  it('names the package that a link lacks', () => {
    const missing = new CredentialUnavailableError('Not there.', installIdentity);
    expect(chainFailure([asked(cli, 'x', { cause: missing })]).fix).toMatch(
      /^Run `npm install @azure\/identity`/,
    );
    const other = new CredentialUnavailableError('Not there.', 'Look.');
    expect(chainFailure([asked(cli, 'x', { cause: other })]).fix).not.toContain('npm install');
  });
});
