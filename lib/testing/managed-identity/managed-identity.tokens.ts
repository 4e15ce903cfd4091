import type { ServicePrincipal } from '../directory/service-principal.js';
import type { TokenFault } from '../faults/fault.js';
import { applicationRoles } from '../tokens/audiences.js';
import type { IssuedToken, TokenIssuer } from '../tokens/token.issuer.js';
import type { ManagedIdentityOptions } from './managed-identity.options.js';
import { PlatformTokenCache } from './platform-token-cache.js';

/** The tokens of managed identities, which the platform holds for about a day whatever the application does. */
export class ManagedIdentityTokens {
  private readonly cache: PlatformTokenCache<IssuedToken> | undefined;

  constructor(
    private readonly issuer: TokenIssuer,
    settings: Required<ManagedIdentityOptions>,
    nowInMs: () => number,
  ) {
    this.cache = settings.cachesTokens ? new PlatformTokenCache(settings, nowInMs) : undefined;
  }

  /** The held token, or a new one when there is none, it is due, or a fault wants another. */
  get(identity: ServicePrincipal, resource: string, fault: TokenFault | undefined): IssuedToken {
    if (this.cache === undefined || fault !== undefined) return this.issue(identity, resource, fault);
    return this.cache.get(`${identity.tenantId} ${identity.objectId} ${resource}`, (lifetimeInSeconds) =>
      this.issue(identity, resource, undefined, lifetimeInSeconds),
    );
  }

  /** Names the identity by its Azure resource ID, never by its display name. */
  private issue(
    identity: ServicePrincipal,
    resource: string,
    fault: TokenFault | undefined,
    lifetimeInSeconds?: number,
  ): IssuedToken {
    return this.issuer.issue({
      subject: identity,
      audience: resource,
      claims: { appidacr: '2', xms_mirid: identity.resourceId, ...applicationRoles(identity, resource) },
      fault,
      lifetimeInSeconds,
    });
  }
}
