import type { LineLogger } from '../common/guarded-logger.js';
import { DataSources } from '../database/data-sources.js';
import { noRegistry, type TimerRegistry } from '../engine/refresh-scheduler.js';
import { TokenEngine } from '../engine/token-engine.js';
import { UserTokens } from '../users/user-tokens.js';
import { databaseKinds } from './databases.js';
import type { EntraAuthModuleOptions } from './entra-auth-module.options.js';
import { identityResource, type ResolvedOptions, resolveOptions } from './resolve-options.js';

/** What an application with these options is made of. */
export interface Assembly {
  options: ResolvedOptions;
  engine: TokenEngine;
  dataSources: DataSources;
  /** `undefined` without the option `users`. */
  users: UserTokens | undefined;
}

/**
 * Makes the parts of an application, with Nest and without. Loaded when the first application boots: importing the
 * package loads none of it.
 *
 * @throws {EntraOptionsError} for the first option that is wrong or missing
 */
export function assemble(
  given: EntraAuthModuleOptions,
  { timers = noRegistry, logger }: { timers?: TimerRegistry; logger: LineLogger },
): Assembly {
  const options = resolveOptions(given);
  const engine = new TokenEngine(options, { timers, logger });
  const dataSources = new DataSources(options, databaseKinds, { tokens: engine, logger });
  const identityToken = async (): Promise<string> => (await engine.getToken(identityResource)).token;
  const users = options.users && new UserTokens(options.users, identityToken, logger);
  return { options, engine, users, dataSources };
}
