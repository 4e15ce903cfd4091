import type { AuthorityParts } from './authority.js';
import { FederatedIssuer } from './client-authentication/federated.issuer.js';
import { Apis } from './directory/apis.js';
import { Consents } from './directory/consents.js';
import { Directory } from './directory/directory.js';
import { People } from './directory/people.js';
import { RefreshTokenRegistry } from './refresh-tokens/refresh-token.registry.js';
import type { RunningEntraParts } from './running-entra.parts.js';
import { Authorization } from './sign-ins/authorization.js';
import { SignInDesk } from './sign-ins/sign-in.desk.js';
import { SignInRegistry } from './sign-ins/sign-in.registry.js';
import { SigningKeys } from './tokens/signing-keys.js';
import { TokenIssuer } from './tokens/token.issuer.js';
import { TokenVerifier } from './tokens/token.verifier.js';

/** Makes what the authority knows and issues, without its endpoints. */
export function assembleAuthority(parts: RunningEntraParts, host: string, graphUrl: string): AuthorityParts {
  const { jwt, settings, principals, tenantId } = parts;
  const { now } = settings;
  const people = new People(parts.users);
  const consents = new Consents();
  const apis = new Apis(principals, parts.apis);
  const signingKeys = new SigningKeys(parts.signingKey);
  const domains = new Map([[parts.domain.toLowerCase(), tenantId]]);
  const directory = new Directory(principals, domains, parts.systemAssigned);
  const signIns = new SignInRegistry(people, consents, now);
  const authorization = new Authorization(directory, apis, signIns);
  const workloads = `${host}/workloads`;
  return {
    jwt,
    host,
    graphUrl,
    settings,
    people,
    consents,
    apis,
    signingKeys,
    directory,
    signIns,
    authorization,
    desk: new SignInDesk(people, signIns, authorization),
    issuer: new TokenIssuer(jwt, signingKeys, settings, apis, host),
    verifier: new TokenVerifier(jwt, signingKeys, host, tenantId, now),
    refreshTokens: new RefreshTokenRegistry(principals[0], people, consents, now),
    federatedIssuer: new FederatedIssuer(jwt, workloads, now, parts.federatedTokenLifetimeInSeconds),
  };
}
