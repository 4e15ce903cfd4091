import { CertificateAuthentication } from './client-authentication/certificate.authentication.js';
import { ClientAuthenticator } from './client-authentication/client.authenticator.js';
import { ClientSecretAuthentication } from './client-authentication/client-secret.authentication.js';
import { FederatedAuthentication } from './client-authentication/federated.authentication.js';
import type { FederatedIssuer } from './client-authentication/federated.issuer.js';
import type { Directory } from './directory/directory.js';
import { DiscoveryEndpoint } from './endpoints/discovery.endpoint.js';
import { JwksEndpoint } from './endpoints/jwks.endpoint.js';
import { TokenEndpoint } from './endpoints/token.endpoint.js';
import { ClientCredentialsGrant } from './grants/client-credentials.grant.js';
import { RefreshTokenGrant } from './grants/refresh-token.grant.js';
import type { Endpoint } from './http/endpoint.js';
import type { JsonWebToken } from './tokens/json-web-token.loader.js';
import type { RefreshTokenRegistry } from './refresh-tokens/refresh-token.registry.js';
import type { SigningKey } from './tokens/signing-key.js';
import type { TokenIssuer } from './tokens/token.issuer.js';
import type { TokenSettings } from './tokens/token.settings.js';

/** What the authority is made of. */
export interface AuthorityParts {
  jwt: JsonWebToken;
  host: string;
  directory: Directory;
  signingKey: SigningKey;
  issuer: TokenIssuer;
  federatedIssuer: FederatedIssuer;
  refreshTokens: RefreshTokenRegistry;
  settings: TokenSettings;
}

/** The endpoints of the authority; a new grant or a new way to authenticate is added here. */
export function authorityEndpoints(parts: AuthorityParts): Endpoint[] {
  const { jwt, host, directory, signingKey, issuer, federatedIssuer, refreshTokens, settings } = parts;
  const authenticator = new ClientAuthenticator(directory, [
    new ClientSecretAuthentication(directory),
    new CertificateAuthentication(jwt, directory, host, settings.now),
    new FederatedAuthentication(jwt, directory, federatedIssuer, settings.now),
  ]);
  const grants = [
    new ClientCredentialsGrant(authenticator, issuer, settings),
    new RefreshTokenGrant({ authenticator, issuer, refreshTokens, settings, host }),
  ];
  return [
    new DiscoveryEndpoint(directory, host, settings.now),
    new JwksEndpoint(directory, signingKey, settings.now),
    new TokenEndpoint(directory, grants, settings.now),
  ];
}
