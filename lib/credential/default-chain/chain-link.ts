import type { AbortSignalLike, TokenCredential } from '../../entra/token-credential.js';

/** The credentials of the chain, by the names that `AZURE_TOKEN_CREDENTIALS` knows, in lower case. */
export type LinkName =
  | 'environmentcredential'
  | 'workloadidentitycredential'
  | 'managedidentitycredential'
  | 'visualstudiocodecredential'
  | 'azureclicredential'
  | 'azurepowershellcredential'
  | 'azuredeveloperclicredential';

/** Why a link of the chain gives no token. */
export interface LinkRefusal {
  /** One line. */
  reason: string;
  /** Whether the link may give one later without a repair. */
  passing: boolean;
  /** The error of the link, if it was tried. */
  cause?: unknown;
}

/** One credential of the default chain. */
export interface ChainLink {
  name: LinkName;
  /** Its name in errors. */
  title: string;
  /** How developers sign in with it; absent unless it is one of their tools. */
  signIn?: string;
  /** Whether its failure ends the chain, since the link is configured. */
  decides: boolean;
  /** Tells, without asking for a token, why the link cannot give one on this machine. */
  refusal(signal: AbortSignalLike | undefined): Promise<LinkRefusal | undefined> | LinkRefusal | undefined;
  make(): Promise<TokenCredential>;
}
