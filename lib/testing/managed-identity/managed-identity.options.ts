import { atLeast } from '../checks.js';

/** How the platform behaves that machines get the tokens of managed identities from. */
export interface ManagedIdentityOptions {
  /**
   * Whether it holds the token of each identity and resource, as Azure does, and hands the same one out until it renews
   * it; nothing can force a new one before. Without, each request gets a new token, with the life of all others.
   * @default true
   * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq
   */
  cachesTokens?: boolean;
  /** How long tokens are valid that it holds. @default 86400, a day */
  tokenLifetimeInSeconds?: number;
  /** After which share of a token's life a request gets a new one. @default 0.5 */
  renewsAtShareOfLife?: number;
  /**
   * Whether IMDS answers with status 429 to more than 20 requests in a second or 5 at once.
   * @default true
   */
  limitsRequests?: boolean;
}

/** The options with everything that they leave open. @throws RangeError */
export function managedIdentitySettings(
  options: ManagedIdentityOptions = {},
): Required<ManagedIdentityOptions> {
  const share = atLeast(0, options.renewsAtShareOfLife ?? 0.5, 'managedIdentity.renewsAtShareOfLife');
  return {
    cachesTokens: options.cachesTokens ?? true,
    tokenLifetimeInSeconds: atLeast(
      1,
      options.tokenLifetimeInSeconds ?? 24 * 3600,
      'managedIdentity.tokenLifetimeInSeconds',
    ),
    renewsAtShareOfLife: Math.min(share, 1),
    limitsRequests: options.limitsRequests ?? true,
  };
}
