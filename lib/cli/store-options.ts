import { type Command, Option } from 'commander';

/** Which store the user means. */
export interface StoreOptions {
  store?: string;
  dataSource?: string;
  name?: string;
  adoptPlaintext?: boolean;
}

/** Adds the options for the store of the refresh token. */
export function addStoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--store <file>', 'file that keeps the refresh token (mode 0600)').conflicts('dataSource'),
    )
    .option(
      '--data-source <module>',
      'module that exports a TypeORM DataSource whose database keeps the refresh token',
    )
    .option(
      '--name <name>',
      'which of the refresh tokens in the database (default: "default"), or the name that encryption binds them to',
    );
}
