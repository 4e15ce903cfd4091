import type { CredentialProvider } from '../credential/credential-provider.js';
import type { ResolvedDataSource } from '../postgres/resolve-data-source.js';
import type { Clock } from '../common/clock.js';
import type { RefreshPolicy } from '../engine/refresh-policy.js';
import type { TokenExpectations } from '../entra/token-validation.js';
import type { EntraCloud, StartupMode } from './entra-auth-module.options.js';

/** What identifies and governs the tokens of one resource. */
export interface ResolvedResource {
  name: string;
  scopes: readonly string[];
  tenantId: string | undefined;
  enableCae: boolean;
  credential: CredentialProvider;
  policy: RefreshPolicy;
  expectations: TokenExpectations;
}

/** The module's options after defaults and checks: the only form that the rest of the package sees. */
export interface ResolvedOptions {
  /** Serves scopes that are asked for without being configured. */
  credential: CredentialProvider;
  cloud: EntraCloud;
  resources: ReadonlyMap<string, ResolvedResource>;
  policy: RefreshPolicy;
  /** How many tokens are held that no resource names. */
  maxOnDemandTokens: number;
  startup: StartupMode;
  startupTimeoutInMs: number;
  dataSources: ReadonlyMap<string, ResolvedDataSource>;
  clock: Clock;
}
