import { randomUUID } from 'node:crypto';

import { Logger } from '@nestjs/common';
import type { AccessToken, EntraAuthModuleOptions, LoginEvent, TokenCredential } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

import { EntraTypeOrmOptionsFactory } from '../../lib/nest/entra-typeorm-options.factory.js';
import { databaseKinds } from '../../lib/options/databases.js';
import { resolveOptions } from '../../lib/options/resolve-options.js';
import { noRegistry } from '../../lib/engine/refresh-scheduler.js';
import { TokenEngine } from '../../lib/engine/token-engine.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { EngineTokenService } from '../../lib/nest/engine-token.service.js';
import { databaseAudience, localDataSource } from './local-data-source.js';

export { databaseAudience, localDataSource };

type HandMadeToken = Parameters<LocalEntra['issueToken']>[0];

/** A credential whose every token is made by hand by the local Entra: a new one on each call. */
export class HandMadeCredential implements TokenCredential {
  calls = 0;

  constructor(
    private readonly entra: LocalEntra,
    private readonly wanted: Partial<HandMadeToken> = {},
    private readonly now: () => number = Date.now,
  ) {}

  getToken(): Promise<AccessToken> {
    const { lifetimeInSeconds = 3600 } = this.wanted;
    this.calls++;
    const claims = { uti: randomUUID(), ...this.wanted.claims };
    const token = this.entra.issueToken({
      audience: databaseAudience,
      ...this.wanted,
      lifetimeInSeconds,
      claims,
    });
    return Promise.resolve({ token, expiresOnTimestamp: this.now() + lifetimeInSeconds * 1000 });
  }
}

/** The module's data source factory, without Nest and without timers. */
export function createDataSourceFactory(options: EntraAuthModuleOptions) {
  const resolved = resolveOptions({ ...options, refresh: { background: false, ...options.refresh } });
  const logger = new Logger('EntraAuth');
  const engine = new TokenEngine(resolved, { timers: noRegistry, logger });
  const service = new EngineTokenService(engine);
  const dataSources = new DataSources(resolved, databaseKinds, { tokens: engine, logger });
  const factory = new EntraTypeOrmOptionsFactory(dataSources);
  const logins: LoginEvent[] = [];
  factory.logins.subscribe((event) => logins.push(event));
  return { engine, service, dataSources, factory, logins };
}
