import { randomBytes } from 'node:crypto';

import type { CredentialOption } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { localFrontEnd, localPeople } from './local.people.js';
import { localTroubles } from './local.troubles.js';
import { Platform } from './platform.js';
import { privateAuthorityFetch } from './private-authority.fetch.js';
import { hasRedis, type RedisServer } from './redis-server.js';
import { callbackPath, type Registration } from './registration.js';
import type { Trouble } from './trouble.js';

/** Entra ID, PostgreSQL, Graph and, where `redis-server` is installed, Redis on this machine. They check tokens as the real ones do. */
export class LocalPlatform extends Platform {
  readonly description: string;
  readonly credential: CredentialOption;
  readonly database;
  readonly redis: RedisServer | undefined;
  readonly registration: Registration;
  readonly graphUrl;
  readonly fetch;
  readonly isLocal = true;
  readonly troubles: readonly Trouble[];

  static async start(tokenLifetimeInSeconds: number): Promise<LocalPlatform> {
    const redis = hasRedis(process.env);
    const entra = await startLocalEntra({
      client: {
        graphPermissions: ['Organization.Read.All'],
        delegatedPermissions: ['https://graph.microsoft.com/Mail.Read'],
        redirectUris: [`http://localhost${callbackPath}`],
        accessTokenVersion: 2,
      },
      additionalClients: [localFrontEnd],
      users: localPeople,
      tokenLifetimeInSeconds,
      postgres: { rights: 'migrations' },
      redis,
    });
    return new LocalPlatform(entra, tokenLifetimeInSeconds, redis);
  }

  private constructor(
    readonly entra: LocalEntra,
    tokenLifetimeInSeconds: number,
    withRedis: boolean,
  ) {
    super();
    const { tenantId, client, authorityHost, certificateAuthority: ca, postgres, graphUrl } = entra;
    const servers = withRedis
      ? 'PostgreSQL and Redis'
      : 'PostgreSQL, without Redis (no redis-server on PATH)';
    this.description = `the local Entra, ${servers}, whose tokens live ${tokenLifetimeInSeconds} s`;
    if (withRedis) this.redis = { host: entra.redis.host, port: entra.redis.port, tls: { ca } };
    const { clientId, clientSecret } = client;
    this.credential = {
      kind: 'client-secret',
      tenantId,
      clientId,
      clientSecret,
      authorityHost,
      certificateAuthority: ca,
      // A request that hangs is given up while the tokens, which live a minute here, are still good.
      requestTimeoutInMs: 2_000,
    };
    this.database = {
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      username: postgres.username,
      ssl: { ca },
      // Connections live a few seconds here, so that new logins happen all the time and a stale token shows at once.
      extra: { maxLifetimeSeconds: 3, idleTimeoutMillis: 1_000 },
    };
    const registered = { tenantId, clientId, authorityHost };
    this.registration = {
      ...registered,
      client: { ...registered, clientSecret, certificateAuthority: ca },
      scope: 'access_as_user',
      // What it encrypts ends with this process, as its database does.
      key: randomBytes(32).toString('base64url'),
    };
    this.graphUrl = graphUrl;
    this.fetch = privateAuthorityFetch(ca);
    this.troubles = localTroubles(entra);
  }

  close(): Promise<void> {
    return this.entra.stop();
  }
}
