import type { ServicePrincipal } from '../directory/service-principal.js';
import type { TokenFault } from '../faults/fault.js';
import { applicationRoles } from '../tokens/audiences.js';
import type { IssuedToken, TokenIssuer } from '../tokens/token.issuer.js';
import type { ManagedIdentityOptions } from './managed-identity.options.js';

interface HeldToken {
  issued: IssuedToken;
  /** Seconds since 1970. */
  renewedFrom: number;
}

/** The tokens of managed identities, which the platform holds for about a day whatever the application does. */
export class ManagedIdentityTokens {
  private readonly held = new Map<string, HeldToken>();

  constructor(
    private readonly issuer: TokenIssuer,
    private readonly settings: Required<ManagedIdentityOptions>,
    private readonly nowInMs: () => number,
  ) {}

  /** The held token, or a new one when there is none, it is due, or a fault wants another. */
  get(identity: ServicePrincipal, resource: string, fault: TokenFault | undefined): IssuedToken {
    const { cachesTokens, tokenLifetimeInSeconds, renewsAtShareOfLife } = this.settings;
    if (!cachesTokens || fault !== undefined) return this.issue(identity, resource, fault);
    const now = Math.floor(this.nowInMs() / 1000);
    const key = `${identity.tenantId} ${identity.objectId} ${resource}`;
    const known = this.held.get(key);
    if (known !== undefined && now < Math.min(known.renewedFrom, known.issued.expiresOn)) return known.issued;
    const issued = this.issue(identity, resource, undefined, tokenLifetimeInSeconds);
    this.held.set(key, { issued, renewedFrom: now + tokenLifetimeInSeconds * renewsAtShareOfLife });
    return issued;
  }

  /** It names the identity by its Azure resource ID, never by its display name. */
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
