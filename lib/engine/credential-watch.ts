import type { Timestamp } from '../common/clock.js';
import type { CredentialProvider } from '../credential/credential-provider.js';

const repeatAfterInMs = 3_600_000;

/** What changed in the state of a credential. */
export type CredentialNews =
  | { readonly type: 'credential-degraded'; readonly problem: string; readonly fix: string }
  | { readonly type: 'credential-recovered' };

/** Notices when credentials that go on giving tokens become degraded, and when they recover. */
export class CredentialWatch {
  /** When a degraded credential was last reported. */
  readonly #reportedAt = new Map<CredentialProvider, Timestamp>();

  /** Compares the state of a credential that has just given a token with what was reported. */
  look(credential: CredentialProvider, now: Timestamp): CredentialNews | undefined {
    const state = credential.state();
    if (state?.name !== 'degraded') {
      return this.#reportedAt.delete(credential) ? { type: 'credential-recovered' } : undefined;
    }
    const reportedAt = this.#reportedAt.get(credential);
    if (reportedAt !== undefined && now - reportedAt < repeatAfterInMs) return undefined;
    this.#reportedAt.set(credential, now);
    return { type: 'credential-degraded', problem: state.problem ?? '', fix: state.fix ?? '' };
  }
}
