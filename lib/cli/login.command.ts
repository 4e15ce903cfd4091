import { Command, Option } from 'commander';

import { systemClock } from '../common/clock.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { clouds, type EntraCloud } from '../entra/clouds.js';
import { wellKnownScope } from '../entra/well-known-resources.js';
import { awaitSignIn, requestDeviceCode } from '../refresh-token/device-code-grant.js';
import { resolveRefreshTokenOptions } from '../refresh-token/resolve-refresh-token-options.js';
import { tokenRequest } from '../refresh-token/token-request.js';
import type { Terminal } from './discreet-terminal.js';
import { exitCodesHelp } from './exit-code.js';
import { keysVariable } from './key-ring.js';
import { checkReadable, openStore, type OpenStore } from './open-store.js';
import { addStoreOptions, type StoreOptions } from './store-options.js';
import { requestTimeout } from './token.command.js';
import { tokenSettings } from './token.settings.js';

interface LoginOptions extends StoreOptions {
  scope?: string[];
  cloud: EntraCloud;
  authorityHost?: string;
  caFile?: string;
  timeout: number;
}

const environmentHelp = `
Environment:
  AZURE_TENANT_ID, AZURE_CLIENT_ID    the application must allow public client flows, or have one of the two below
  AZURE_CLIENT_SECRET                 or AZURE_CLIENT_CERTIFICATE_PATH (with AZURE_CLIENT_CERTIFICATE_PASSWORD)
  AZURE_AUTHORITY_HOST                as --authority-host
  ${keysVariable}               "id=key,id=key" when the store is to be encrypted; the first key encrypts`;

/** Signs a person in by a code, and keeps the refresh token in a store. */
export function loginCommand(terminal: Terminal): Command {
  const command = new Command('login')
    .description('sign in with a code in a browser, and store the refresh token')
    .option(
      '--scope <scope...>',
      'what the application is to do for you (default: Microsoft Graph of the cloud)',
    )
    .addOption(new Option('--cloud <cloud>').choices(clouds).default('public'))
    .option('--authority-host <url>', "an authority other than the cloud's")
    .option('--ca-file <file>', 'certificate authority of that authority, as PEM')
    .option('--timeout <seconds>', 'how long each request may take', requestTimeout, 10);
  return addStoreOptions(command)
    .addHelpText('after', `${environmentHelp}\n${exitCodesHelp}`)
    .action((options: LoginOptions) => logIn(options, terminal));
}

async function logIn(options: LoginOptions, terminal: Terminal): Promise<void> {
  const { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_CERTIFICATE_PATH: certificate } = terminal.env;
  const publicClient = !secret?.trim() && !certificate?.trim();
  // The refresh token of an earlier sign-in plays no part.
  const env = { ...terminal.env, AZURE_REFRESH_TOKEN: undefined };
  const given = tokenSettings({ ...options, publicClient, endpoint: 'v2.0' }, env, true);
  await using opened = await openStore(options, terminal.env);
  if (opened === undefined) {
    throw new EntraOptionsError('--store', 'missing', 'Give --store <file> or --data-source <module>.');
  }
  const clock = terminal.clock ?? systemClock;
  const settings = resolveRefreshTokenOptions({ ...given, store: opened.store, clock });
  const request = tokenRequest({ scopes: options.scope ?? wellKnownScope('graph', options.cloud) }, settings);
  // Checked before a person is sent to a browser for a token that could not be kept.
  checkReadable(opened, await opened.store.load());
  const authorization = await requestDeviceCode(request, settings);
  const minutes = Math.floor((authorization.expiresAt - clock.now()) / 60_000);
  terminal.err(
    `To sign in, open ${authorization.verificationUri} and enter the code ${authorization.userCode}. ` +
      `It is good for ${minutes} minutes.\n`,
  );
  await keep(await awaitSignIn(authorization, request, settings), opened, clock.now());
  terminal.out(`Signed in. The refresh token is in ${opened.place}.\n`);
}

async function keep(refreshToken: string, { store }: OpenStore, obtainedOnTimestamp: number): Promise<void> {
  // Access tokens of the grant before do not belong to this one.
  await store.exclusive(async (access) => {
    const before = await access.load();
    await access.save({ refreshToken, obtainedOnTimestamp }, before?.version);
  });
}
