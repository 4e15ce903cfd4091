import type { FederatedClock } from './client-authentication/federated-token.file.js';
import type { LocalGroup } from './directory/groups.js';
import type { LocalUser } from './directory/people.js';
import type { ServicePrincipal } from './directory/service-principal.js';
import type { Ports } from './http/ports.js';
import type { ManagedIdentityOptions } from './managed-identity/managed-identity.options.js';
import type { JsonWebToken } from './optional-packages.js';
import type { SigningKey } from './tokens/signing-key.js';
import type { TokenSettings } from './tokens/token-lifetime.js';
import type { Workspace } from './workspace.js';

/** What has been prepared when the endpoints are put together. */
export interface RunningEntraParts {
  jwt: JsonWebToken;
  signingKey: SigningKey;
  certificateAuthority: string;
  tenantId: string;
  domain: string;
  /** Whether the first principal is the system-assigned identity. */
  systemAssigned: boolean;
  federatedTokenLifetimeInSeconds: number;
  clock: FederatedClock;
  managedIdentity: Required<ManagedIdentityOptions>;
  users: readonly Partial<LocalUser>[];
  groups: readonly LocalGroup[];
  /** Known besides Microsoft's and the principals' own. */
  apis: 'any' | readonly string[];
  principals: readonly [ServicePrincipal, ...ServicePrincipal[]];
  settings: TokenSettings;
  latencyInMs: number;
  /** Open already. */
  ports: Ports;
  workspace: Workspace;
}
