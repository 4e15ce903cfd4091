/**
 * The state of a credential that depends on something stored, such as a refresh token.
 *
 * - `ready`: no problem is known
 * - `degraded`: it provides tokens, but could not store a new refresh token, or cannot read the store
 * - `reauthentication-required`: it provides no new tokens until the user signs in again
 */
export type CredentialStateName = 'ready' | 'degraded' | 'reauthentication-required';

/** What a credential reports of itself: times and texts, never a secret. */
export interface CredentialState {
  readonly name: CredentialStateName;
  /** When its refresh token was obtained; `null` when unknown. */
  readonly obtainedOn: Date | null;
  /** When its refresh token expires unless it is redeemed before; `null` when unknown. */
  readonly expiresBy: Date | null;
  /** Set when that end is near. */
  readonly warning?: string;
  /** What is wrong; absent when the credential is `ready`. */
  readonly problem?: string;
  /** What an operator must do about it. */
  readonly fix?: string;
  /** Set while a refresh token waits in memory to be stored, and would be lost with the process. */
  readonly unsaved?: true;
}

/** A credential that reports its state. The module shows it in token states and health. */
export interface ReportingCredential {
  /** Returns what is known, without a request, a wait or an error. */
  state(): CredentialState;
  /** Stores what could not be stored before. Called when the application shuts down. */
  flush?(): Promise<unknown>;
  /** How many refresh tokens it has redeemed. */
  readonly redemptions?: number;
  /**
   * How long shutdown waits for `flush`, in milliseconds.
   *
   * @default 2000
   */
  readonly flushTimeoutInMs?: number;
}

const names: readonly unknown[] = [
  'ready',
  'degraded',
  'reauthentication-required',
] satisfies CredentialStateName[];

/** Reads the state of a credential. `state` of a credential of another kind may mean something else. */
export function credentialStateOf(credential: unknown): CredentialState | undefined {
  if (typeof credential !== 'object' || credential === null || !('state' in credential)) return undefined;
  if (typeof credential.state !== 'function') return undefined;
  let state: unknown;
  try {
    state = (credential as { state(): unknown }).state();
  } catch {
    return undefined;
  }
  if (typeof state !== 'object' || state === null || !('name' in state)) return undefined;
  return names.includes(state.name) ? (state as CredentialState) : undefined;
}

/** Whether a credential reports its state. */
export function isReportingCredential(credential: unknown): credential is ReportingCredential {
  return credentialStateOf(credential) !== undefined;
}

/** What is lost when the process ends, and the remedy. */
export interface Loss {
  readonly problem: string;
  readonly fix: string;
}

/** Warns of losses where no application logs them. */
export function warnOfLosses(losses: readonly Loss[]): void {
  for (const { problem, fix } of losses) process.emitWarning(`${problem} ${fix}`, 'EntraAuthWarning');
}
