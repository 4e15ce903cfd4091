import { DatabaseLoginRefusedError } from '../../database/database.error.js';
import type { EntraDataSourceOptions } from '../../postgres/entra-data-source.options.js';
import type { DoctorContext } from './doctor-context.js';
import type { DatabaseSettings } from './doctor.settings.js';
import { fail, failed, ok, type Finding } from './finding.js';

const timeoutInMs = 6_000;

/** Logs in with the token, as a pool would; a refused role is looked for in lower case too. */
export async function checkLogin(context: DoctorContext, server: DatabaseSettings): Promise<Finding[]> {
  const { database, username } = server;
  const startedAt = context.clock.now();
  try {
    await logIn(context, server, username);
  } catch (error) {
    const other = username?.toLowerCase();
    const mayDiffer = error instanceof DatabaseLoginRefusedError && other !== undefined && other !== username;
    if (mayDiffer && (await accepts(context, server, other))) return [wrongCase(username ?? '', other)];
    return [failed('login', error, 'Check the database and the role.')];
  }
  const role = username === undefined ? 'the role that the token names' : `the role "${username}"`;
  const durationInMs = Math.round(context.clock.now() - startedAt);
  return [ok('login', `The token logs in to "${database}" as ${role}.`, { durationInMs })];
}

async function logIn(
  context: DoctorContext,
  { host, port, database, ca }: DatabaseSettings,
  username: string | undefined,
): Promise<void> {
  const dataSource: EntraDataSourceOptions = {
    type: 'postgres',
    host,
    port,
    database,
    ...(username === undefined ? {} : { username }),
    ...(ca === undefined ? {} : { ssl: { ca } }),
    ...(context.settings.resource === 'postgres' ? {} : { resource: context.settings.resource }),
  };
  await context.assemble({ dataSource }).dataSources.probe('default', 'select 1', timeoutInMs);
}

async function accepts(context: DoctorContext, server: DatabaseSettings, role: string): Promise<boolean> {
  try {
    await logIn(context, server, role);
    return true;
  } catch {
    // The refusal of the name that was asked for is reported.
    return false;
  }
}

function wrongCase(given: string, right: string): Finding {
  return fail(
    'login',
    `The server refuses the role "${given}" and accepts "${right}": the names of roles are case-sensitive.`,
    `Write "${right}" as "username".`,
  );
}
