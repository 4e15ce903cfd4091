import { CertificateAuthentication } from './client-authentication/certificate.authentication.js';
import { ClientAuthenticator } from './client-authentication/client.authenticator.js';
import { ClientSecretAuthentication } from './client-authentication/client-secret.authentication.js';
import { FederatedAuthentication } from './client-authentication/federated.authentication.js';
import type { FederatedIssuer } from './client-authentication/federated.issuer.js';
import type { Apis } from './directory/apis.js';
import type { Consents } from './directory/consents.js';
import type { Directory } from './directory/directory.js';
import type { People } from './directory/people.js';
import { DiscoveryEndpoint } from './endpoints/discovery.endpoint.js';
import { JwksEndpoint } from './endpoints/jwks.endpoint.js';
import { TokenEndpoint } from './endpoints/token.endpoint.js';
import { AuthorizeEndpoint } from './endpoints/authorize.endpoint.js';
import { DeviceCodeEndpoint } from './endpoints/device-code.endpoint.js';
import { ClientCredentialsGrant } from './grants/client-credentials.grant.js';
import type { Grant } from './grants/grant.js';
import { OnBehalfOfGrant } from './grants/on-behalf-of.grant.js';
import { RefreshTokenGrant } from './grants/refresh-token.grant.js';
import { AuthorizationCodeGrant, DeviceCodeGrant } from './grants/sign-in.grants.js';
import { UserTokens } from './grants/user-tokens.js';
import type { Endpoint } from './http/endpoint.js';
import type { JsonWebToken } from './optional-packages.js';
import type { RefreshTokenRegistry } from './refresh-tokens/refresh-token.registry.js';
import type { Authorization } from './sign-ins/authorization.js';
import type { SignInDesk } from './sign-ins/sign-in.desk.js';
import type { SignInRegistry } from './sign-ins/sign-in.registry.js';
import type { SigningKeys } from './tokens/signing-keys.js';
import type { TokenIssuer } from './tokens/token.issuer.js';
import type { TokenVerifier } from './tokens/token.verifier.js';
import type { TokenSettings } from './tokens/token-lifetime.js';

/** What the authority is made of. */
export interface AuthorityParts {
  jwt: JsonWebToken;
  host: string;
  graphUrl: string;
  directory: Directory;
  apis: Apis;
  people: People;
  consents: Consents;
  signIns: SignInRegistry;
  authorization: Authorization;
  desk: SignInDesk;
  verifier: TokenVerifier;
  signingKeys: SigningKeys;
  issuer: TokenIssuer;
  federatedIssuer: FederatedIssuer;
  refreshTokens: RefreshTokenRegistry;
  settings: TokenSettings;
}

/** The endpoints of the authority. */
export function authorityEndpoints(parts: AuthorityParts): Endpoint[] {
  const { directory, host, graphUrl, people, authorization, desk, signingKeys, settings } = parts;
  const { now } = settings;
  return [
    new DiscoveryEndpoint(directory, host, graphUrl, now),
    new JwksEndpoint(directory, signingKeys, now),
    new AuthorizeEndpoint(authorization, people, desk),
    new DeviceCodeEndpoint({ ...parts, now }),
    new TokenEndpoint(directory, grants(parts), now),
  ];
}

/** A new grant or a new way to authenticate is added here. */
function grants(parts: AuthorityParts): Grant[] {
  const { jwt, host, directory, apis, consents, issuer, federatedIssuer, refreshTokens, settings } = parts;
  const authenticator = new ClientAuthenticator(directory, [
    new ClientSecretAuthentication(directory),
    new CertificateAuthentication(jwt, directory, host, settings.now),
    new FederatedAuthentication(jwt, directory, federatedIssuer, parts.verifier, settings.now),
  ]);
  const userTokens = new UserTokens(apis, consents, issuer, settings, host);
  const common = { ...parts, authenticator, userTokens, now: settings.now };
  return [
    new ClientCredentialsGrant(authenticator, apis, issuer, settings),
    new RefreshTokenGrant(authenticator, refreshTokens, userTokens),
    new AuthorizationCodeGrant(common),
    new DeviceCodeGrant(common, 'urn:ietf:params:oauth:grant-type:device_code'),
    new DeviceCodeGrant(common, 'device_code'),
    new OnBehalfOfGrant(common),
  ];
}
