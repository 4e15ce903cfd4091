import { Command } from 'commander';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { Terminal } from './discreet-terminal.js';
import { exitCodesHelp } from './exit-code.js';
import { keysVariable } from './key-ring.js';
import { openStore, type OpenStore } from './open-store.js';
import { addStoreOptions, type StoreOptions } from './store-options.js';
import { showStore } from './store-show.js';
import { putToken, rotateKey } from './store-write.js';

/** Looks after the place where a refresh token is kept. */
export function storeCommand(terminal: Terminal): Command {
  const store = new Command('store').description('look after the store of a refresh token');
  const put = addStoreOptions(new Command('put'))
    .description('store a refresh token: what is piped to standard input, or else AZURE_REFRESH_TOKEN')
    .action((options: StoreOptions) => withStore(options, terminal, (opened) => putToken(opened, terminal)));
  const show = addStoreOptions(new Command('show'))
    .description('describe what is stored, without showing it')
    .option('--json', 'print JSON')
    .action((options: StoreOptions & { json?: boolean }) =>
      withStore(options, terminal, (opened) => showStore(opened, terminal, options.json ?? false)),
    );
  const rotate = addStoreOptions(new Command('rotate-key'))
    .description('encrypt what is stored anew with the first of the keys')
    .option('--adopt-plaintext', 'encrypt what was stored without encryption')
    .action((options: StoreOptions) => withStore(options, terminal, (opened) => rotateKey(opened, terminal)));
  for (const command of [put, show, rotate]) {
    command.addHelpText(
      'after',
      `\nEnvironment:\n  ${keysVariable}   "id=key,id=key"; the first key encrypts`,
    );
    command.addHelpText('after', exitCodesHelp);
    store.addCommand(command);
  }
  return store;
}

async function withStore(
  options: StoreOptions,
  terminal: Terminal,
  work: (opened: OpenStore) => Promise<void>,
): Promise<void> {
  await using opened = await openStore(options, terminal.env);
  if (opened === undefined) {
    throw new EntraOptionsError('--store', 'missing', 'Give --store <file> or --data-source <module>.');
  }
  await work(opened);
}
