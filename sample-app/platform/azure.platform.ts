import { DefaultAzureCredential } from '@azure/identity';
import type { ConfigService } from '@nestjs/config';

import type { EnvironmentVariables } from '../config/environment-variables.js';
import { Platform } from './platform.js';
import type { Registration } from './registration.js';

/** Azure, with the identity that the application runs under: managed identity there, `az login` on a desk. */
export class AzurePlatform extends Platform {
  readonly description: string;
  readonly credential = () => new DefaultAzureCredential();
  readonly database;
  readonly redis;
  readonly registration: Registration | undefined;
  readonly graphUrl;
  readonly fetch = fetch;
  readonly isLocal = false;
  readonly troubles = [];

  constructor(config: ConfigService<EnvironmentVariables, true>) {
    super();
    const host = config.get('PGHOST', { infer: true });
    this.description = `Azure (PostgreSQL on ${host})`;
    this.database = {
      host,
      port: config.get('PGPORT', { infer: true }),
      database: config.get('PGDATABASE', { infer: true }),
      username: config.get('PGUSER', { infer: true }),
    };
    const redisHost = config.get('REDIS_HOST', { infer: true });
    this.redis = redisHost ? { host: redisHost, port: config.get('REDIS_PORT', { infer: true }) } : undefined;
    this.registration = registrationOf(config);
    this.graphUrl = config.get('GRAPH_URL', { infer: true });
  }

  async close(): Promise<void> {}
}

/** It has no secret: the managed identity is a federated credential of the registration. */
function registrationOf(config: ConfigService<EnvironmentVariables, true>): Registration | undefined {
  const clientId = config.get('API_CLIENT_ID', { infer: true });
  if (!clientId) return undefined;
  const tenantId = config.get('API_TENANT_ID', { infer: true }) ?? '';
  // AKS sets it with a slash at its end, which no issuer has twice.
  const authorityHost = config.get('AZURE_AUTHORITY_HOST', { infer: true }).replace(/\/+$/, '');
  return {
    tenantId,
    clientId,
    authorityHost,
    client: { tenantId, clientId, authorityHost, clientAssertion: 'managed-identity' },
    scope: 'access_as_user',
    key: config.get('SIGN_IN_KEY', { infer: true }) ?? '',
    publicUrl: config.get('PUBLIC_URL', { infer: true }),
  };
}
