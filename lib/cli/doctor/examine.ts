import { isEntraAuthError } from '../../common/entra-auth.error.js';
import { checkAuthority } from './check-authority.js';
import { checkCredential, usedLink } from './check-credential.js';
import { connectDataSource, loadForDoctor, serverOf } from './check-data-source.js';
import { checkLogin } from './check-login.js';
import { checkRedis } from './check-redis.js';
import { checkCloud, checkServer } from './check-server.js';
import { checkToken } from './check-token.js';
import type { DoctorContext } from './doctor-context.js';
import type { DatabaseSettings } from './doctor.settings.js';
import { failed, type Finding } from './finding.js';

/** One step: what it does, for people who wait, and the work. */
export interface Step {
  readonly progress: string;
  readonly run: () => Promise<Finding[]>;
}

const failing = (findings: readonly Finding[]): boolean => findings.some(({ status }) => status === 'fail');

/**
 * Looks at everything between the application and its data. A step whose condition failed before is left out: its own
 * failure would only repeat that.
 */
export async function* examine(
  context: DoctorContext,
  file: string | undefined,
  during: (step: Step) => Promise<Finding[]>,
): AsyncGenerator<Finding> {
  const { database, redis } = context.settings;
  const credential = await during({
    progress: 'looking for a credential',
    run: () => checkCredential(context),
  });
  yield* credential;
  yield* await during({ progress: 'asking the authority', run: () => checkAuthority(context) });
  if (!failing(credential)) {
    yield* await during({ progress: 'asking for a token', run: () => checkToken(context) });
    const used = usedLink(context);
    if (used !== undefined) yield used;
  }
  if (database !== undefined) yield* examineServer(context, database, during);
  if (file !== undefined) yield* examineDataSource(context, file, during);
  if (redis !== undefined && context.token !== undefined) {
    yield* await during({ progress: 'logging in to Redis', run: () => checkRedis(context, redis) });
  }
}

async function* examineServer(
  context: DoctorContext,
  server: DatabaseSettings,
  during: (step: Step) => Promise<Finding[]>,
): AsyncGenerator<Finding> {
  const cloud = checkCloud(server, context.settings.cloud);
  yield* cloud;
  if (failing(cloud)) return;
  const found = await during({ progress: 'connecting to the server', run: () => checkServer(server) });
  yield* found;
  if (failing(found) || context.token === undefined) return;
  yield* await during({ progress: 'logging in', run: () => checkLogin(context, server) });
}

async function* examineDataSource(
  context: DoctorContext,
  file: string,
  during: (step: Step) => Promise<Finding[]>,
): AsyncGenerator<Finding> {
  const dataSource = await loadForDoctor(file);
  if ('check' in dataSource) {
    yield dataSource;
    return;
  }
  const server = serverOf(dataSource);
  if (server !== undefined) {
    yield* checkCloud(server, context.settings.cloud);
    yield* await during({ progress: 'connecting to the server', run: () => checkServer(server) });
  }
  yield* await during({ progress: 'connecting the data source', run: () => connectDataSource(dataSource) });
}

/** A set-up that cannot even be looked at. */
export function unusable(error: unknown): Finding {
  if (!isEntraAuthError(error)) throw error;
  return failed('credential', error, error.fix);
}
