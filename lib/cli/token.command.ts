import { Command, InvalidArgumentError, Option } from 'commander';

import { clouds, type EntraCloud } from '../entra/clouds.js';
import { wellKnownScope } from '../entra/well-known-resources.js';
import { RefreshTokenCredential } from '../refresh-token/refresh-token.credential.js';
import { RefreshTokenStoreError } from '../store/refresh-token-store.error.js';
import type { Terminal } from './discreet-terminal.js';
import { exitCodesHelp } from './exit-code.js';
import { keysVariable } from './key-ring.js';
import { checkReadable, openStore } from './open-store.js';
import { addStoreOptions, type StoreOptions } from './store-options.js';
import { reportOf, tableOf } from './token-report.js';
import { type TokenRequestOptions, tokenSettings } from './token.settings.js';

interface TokenOptions extends TokenRequestOptions, StoreOptions {
  scope?: string[];
  showTokens?: boolean;
  json?: boolean;
}

const environmentHelp = `
Environment:
  AZURE_TENANT_ID, AZURE_CLIENT_ID
  AZURE_CLIENT_SECRET                 or AZURE_CLIENT_CERTIFICATE_PATH (with AZURE_CLIENT_CERTIFICATE_PASSWORD)
  AZURE_REFRESH_TOKEN                 the first one; a store that has one goes by its own
  AZURE_AUTHORITY_HOST                as --authority-host
  ${keysVariable}               "id=key,id=key" when the store is encrypted; the first key encrypts`;

/** Redeems a refresh token and prints the whole response. */
export function tokenCommand(terminal: Terminal): Command {
  const command = new Command('token')
    .description('redeem a refresh token, and print every parameter of the response')
    .option('--scope <scope...>', 'what the access token is for (default: Microsoft Graph of the cloud)')
    .addOption(
      new Option('--endpoint <version>', 'of the token endpoint').choices(['v2.0', 'v1.0']).default('v2.0'),
    )
    .addOption(new Option('--cloud <cloud>').choices(clouds).default('public'))
    .option('--authority-host <url>', "an authority other than the cloud's")
    .option('--ca-file <file>', 'certificate authority of that authority, as PEM')
    .option('--public-client', 'the application has no secret')
    .option('--spa', 'the refresh token is one of a single-page application')
    .option('--timeout <seconds>', 'how long the request may take', requestTimeout, 10)
    .option('--show-tokens', 'print the tokens themselves')
    .option('--json', 'print JSON');
  return addStoreOptions(command)
    .addHelpText('after', `${environmentHelp}\n${exitCodesHelp}`)
    .action((options: TokenOptions) => redeem(options, terminal));
}

async function redeem(options: TokenOptions, terminal: Terminal): Promise<void> {
  const hasStore = options.store !== undefined || options.dataSource !== undefined;
  const settings = tokenSettings(options, terminal.env, hasStore);
  await using opened = await openStore(options, terminal.env);
  if (opened !== undefined) checkReadable(opened, await opened.store.load());
  await using credential = new RefreshTokenCredential({
    ...settings,
    ...(opened === undefined ? {} : { store: opened.store, whenStoreFails: 'stop' as const }),
  });
  const response = await credential.redeem({ scopes: options.scope ?? graphScope(options.cloud) });
  const report = reportOf(response, options.showTokens ?? false);
  terminal.out(options.json ? `${JSON.stringify(report)}\n` : tableOf(report));
  warnOfLoss(response.refreshToken, options, opened !== undefined, terminal);
  if (!(await credential.flush())) {
    throw new RefreshTokenStoreError(
      `The new refresh token could not be saved: ${credential.state().problem ?? 'the store failed'}`,
      'Repair the store. It still holds the old refresh token, which Entra goes on accepting until it expires.',
    );
  }
}

function graphScope(cloud: EntraCloud): string {
  return wellKnownScope('graph', cloud)!;
}

function warnOfLoss(
  successor: string | undefined,
  { showTokens }: TokenOptions,
  stored: boolean,
  terminal: Terminal,
): void {
  if (successor === undefined || stored || showTokens) return;
  terminal.err(
    'The new refresh token is kept nowhere: give --store to keep it, or --show-tokens to see it. ' +
      'Entra goes on accepting the old one until it expires.\n',
  );
}

/** Seconds, as an option has them. @throws {InvalidArgumentError} for anything else */
export function requestTimeout(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 600) return value;
  throw new InvalidArgumentError('Give seconds from above 0 to 600.');
}
