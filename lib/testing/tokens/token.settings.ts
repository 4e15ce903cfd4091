/** What the user may change while the local Entra runs, as far as tokens are concerned. */
export interface TokenSettings {
  tokenLifetimeInSeconds: number;
  refreshInSeconds: number | undefined;
  graphAuthenticationContext: string | undefined;
  graphChallengeStatus: 401 | 403;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
