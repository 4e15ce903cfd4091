import type { Clock } from '../common/clock.js';
import type { EntraCloud } from '../entra/clouds.js';
import { assertionParameters } from '../refresh-token/client-authentication/client-assertion.js';
import type {
  ClientAuthentication,
  ClientParameters,
} from '../refresh-token/client-authentication/client-authentication.js';

// A fifth of an assertion's life. To sign takes a millisecond, in which no other user is served.
const reusedForMs = 60_000;

/** Signs once a minute at most for each endpoint, in place of once a request. */
export function reusedAuthentication(
  authentication: ClientAuthentication,
  clock: Clock,
): ClientAuthentication {
  let last: { endpoint: string; at: number; made: Promise<ClientParameters> } | undefined;
  return {
    certificateExpiresAt: () => authentication.certificateExpiresAt?.(),
    authenticate: (endpoint) => {
      const now = clock.now();
      const isFresh = last?.endpoint === endpoint.tokenEndpoint && Math.abs(now - last.at) < reusedForMs;
      if (last !== undefined && isFresh) return last.made;
      const made = Promise.resolve(authentication.authenticate(endpoint));
      const signed = { endpoint: endpoint.tokenEndpoint, at: now, made };
      last = signed;
      made.catch(() => {
        if (last === signed) last = undefined;
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
