import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalEntra } from 'nestjs-entra-auth/testing';

/**
 * Lets every process that reaches the socket of a local PostgreSQL in, as any role: one that runs as another user than
 * the tests does, too.
 *
 * @param passwordFor a role that must give a password
 */
export async function trustLocalUsers(
  postgres: LocalEntra['postgres'],
  { passwordFor }: { passwordFor?: string } = {},
): Promise<void> {
  const rules = [
    ...(passwordFor === undefined ? [] : [`local all ${passwordFor} password`]),
    'local all all trust',
  ];
  const [{ file } = { file: '' }] = await postgres.query<{ file: string }>(
    `select current_setting('hba_file') as file`,
  );
  await postgres.query(`copy (values ${rules.map((rule) => `('${rule}')`).join(', ')}) to '${file}'`);
  await postgres.query('select pg_reload_conf()');
  const loaded = async (): Promise<number> => (await postgres.query('select from pg_hba_file_rules')).length;
  while ((await loaded()) !== rules.length) await sleep(10);
}
