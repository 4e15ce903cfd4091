/**
 * Where a credential that depends on something stored, such as a refresh token, stands.
 *
 * - `ready`: nothing is known to be wrong
 * - `degraded`: it gives tokens, but what it must not lose could not be stored, or the store cannot be read
 * - `reauthentication-required`: it gives no new tokens until somebody has signed in again
 */
export type CredentialStateName = 'ready' | 'degraded' | 'reauthentication-required';

/** What may be shown of a credential: times and words, never a secret. */
export interface CredentialState {
  readonly name: CredentialStateName;
  /** When its refresh token was obtained; `null` when that is not known. */
  readonly obtainedOn: Date | null;
  /** When its refresh token ends, unless it is redeemed before; `null` when that is not known. */
  readonly expiresBy: Date | null;
  /** Set when that end is near. */
  readonly warning?: string;
  /** What is wrong; absent when the credential is `ready`. */
  readonly problem?: string;
  /** What an operator must do about it. */
  readonly fix?: string;
  /** Set while something waits in memory to be stored, and would be lost with the process. */
  readonly unsaved?: true;
}

/** A credential that can say where it stands. The module shows that in its token states and in its health. */
export interface ReportingCredential {
  /** Reads what is known: it asks nobody, does not wait and does not throw. */
  state(): CredentialState;
  /** Stores what could not be stored before. Called when the application shuts down. */
  flush?(): Promise<unknown>;
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

/** What a credential says of itself, if it is one that does. Other credentials may mean something else by `state`. */
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

/** Whether a credential is one that says where it stands. */
export function isReportingCredential(credential: unknown): credential is ReportingCredential {
  return credentialStateOf(credential) !== undefined;
}

/** What a credential loses with the process, and what to do about it. */
export interface Loss {
  readonly problem: string;
  readonly fix: string;
}

/** Warns of losses where no application logs them. */
export function warnOfLosses(losses: readonly Loss[]): void {
  for (const { problem, fix } of losses) process.emitWarning(`${problem} ${fix}`, 'EntraAuthWarning');
}
