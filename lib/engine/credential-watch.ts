import type { CredentialProvider } from '../credential/credential-provider.js';

const repeatAfterInMs = 3_600_000;

/** What is to be told of a credential. */
export type CredentialNews =
  | { readonly type: 'credential-degraded'; readonly problem: string; readonly fix: string }
  | { readonly type: 'credential-recovered' };

/** Notices when credentials that go on giving tokens become degraded, and when they recover. */
export class CredentialWatch {
  /** When a degraded credential was last told of, in milliseconds since 1970. */
  readonly #toldAt = new Map<CredentialProvider, number>();

  /** Looks at a credential that has just given a token. */
  look(credential: CredentialProvider, now: number): CredentialNews | undefined {
    const state = credential.state();
    if (state?.name !== 'degraded') {
      return this.#toldAt.delete(credential) ? { type: 'credential-recovered' } : undefined;
    }
    const toldAt = this.#toldAt.get(credential);
    if (toldAt !== undefined && now - toldAt < repeatAfterInMs) return undefined;
    this.#toldAt.set(credential, now);
    return { type: 'credential-degraded', problem: state.problem ?? '', fix: state.fix ?? '' };
  }
}
