import type { ManagedIdentityOptions } from './managed-identity.options.js';

export type PlatformCacheSettings = Required<
  Pick<ManagedIdentityOptions, 'tokenLifetimeInSeconds' | 'renewsAtShareOfLife'>
>;

interface Held<T> {
  issued: T;
  /** Seconds since 1970. */
  renewedFrom: number;
}

/**
 * Holds tokens as the platform of managed identities does: the same one for everybody who asks, until a share of its life
 * has passed. Nothing forces another before.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq
 */
export class PlatformTokenCache<T extends { expiresOn: number }> {
  private readonly held = new Map<string, Held<T>>();

  constructor(
    private readonly settings: PlatformCacheSettings,
    private readonly nowInMs: () => number,
  ) {}

  /** @param issue makes a token that lives for so long */
  get(key: string, issue: (lifetimeInSeconds: number) => T): T {
    const { tokenLifetimeInSeconds, renewsAtShareOfLife } = this.settings;
    const now = Math.floor(this.nowInMs() / 1000);
    const known = this.held.get(key);
    if (known !== undefined && now < Math.min(known.renewedFrom, known.issued.expiresOn)) return known.issued;
    const issued = issue(tokenLifetimeInSeconds);
    this.held.set(key, { issued, renewedFrom: now + tokenLifetimeInSeconds * renewsAtShareOfLife });
    return issued;
  }
}
