import { BoundedMap } from '../common/bounded-map.js';
import type { Clock } from '../common/clock.js';
import type { EntraCloud } from '../entra/clouds.js';
import { assertionParameters } from '../refresh-token/client-authentication/client-assertion.js';
import type {
  ClientAuthentication,
  ClientParameters,
} from '../refresh-token/client-authentication/client-authentication.js';

// A fifth of an assertion's life. To sign takes a millisecond, in which no other user is served.
const reusedForMs = 60_000;
// Each tenant has one.
const mostEndpoints = 1_000;

/** Signs once a minute at most for each endpoint, in place of once a request. */
export function reusedAuthentication(
  authentication: ClientAuthentication,
  clock: Clock,
): ClientAuthentication {
  const signed = new BoundedMap<string, { at: number; made: Promise<ClientParameters> }>(mostEndpoints);
  return {
    certificateExpiresAt: () => authentication.certificateExpiresAt?.(),
    authenticate: (endpoint) => {
      const { tokenEndpoint } = endpoint;
      const now = clock.now();
      const last = signed.get(tokenEndpoint);
      if (last !== undefined && Math.abs(now - last.at) < reusedForMs) return last.made;
      const made = Promise.resolve(authentication.authenticate(endpoint));
      signed.set(tokenEndpoint, { at: now, made });
      made.catch(() => {
        if (signed.get(tokenEndpoint)?.made === made) signed.delete(tokenEndpoint);
      });
      return made;
    },
  };
}

/**
 * The scope whose tokens are assertions of a managed identity.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export const federatedCredentialScope: Readonly<Record<EntraCloud, string>> = {
  public: 'api://AzureADTokenExchange/.default',
  usgov: 'api://AzureADTokenExchangeUSGov/.default',
  china: 'api://AzureADTokenExchangeChina/.default',
};

/** Sends the token of a managed identity as assertion of the application. */
export function managedIdentityAuthentication(identityToken: () => Promise<string>): ClientAuthentication {
  return {
    authenticate: async ({ clientId }) => assertionParameters(clientId, await identityToken()),
  };
}
