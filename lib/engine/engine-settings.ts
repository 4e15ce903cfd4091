import type { Clock } from '../common/clock.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { TokenExpectations } from '../entra/token-validation.js';
import type { RefreshPolicy } from './refresh-policy.js';

/**
 * What the application does at boot about the first token of each resource.
 *
 * - `wait`: boots only when every configured resource holds a token, and fails with a clear error otherwise
 * - `background`: starts to fetch at boot and does not wait
 * - `lazy`: fetches a token when it is first asked for
 */
export type StartupMode = 'wait' | 'background' | 'lazy';

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

/** What the engine needs to know: the options after defaults and checks. */
export interface EngineSettings {
  /** Serves scopes that are asked for without being configured. */
  credential: CredentialProvider;
  cloud: EntraCloud;
  resources: ReadonlyMap<string, ResolvedResource>;
  policy: RefreshPolicy;
  /** How many tokens are held that no resource names. */
  maxOnDemandTokens: number;
  startup: StartupMode;
  startupTimeoutInMs: number;
  clock: Clock;
}
