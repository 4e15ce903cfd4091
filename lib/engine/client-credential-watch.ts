import type { Timestamp } from '../common/clock.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import type { ClientCredentialState } from '../entra/client-credential.js';

const repeatAfterInMs = 86_400_000;

type Mark = 'credential-expiring' | 'credential-expired';

/** What is to be told of the application's own certificate or secret. */
export interface ExpiryNews {
  readonly type: Mark;
  readonly kind: ClientCredentialState['kind'];
  readonly expiresAt?: Date;
  readonly problem: string;
  readonly fix: string;
}

/** Notices when the application's own certificate or secret expires: at each mark, and once a day after that. */
export class ClientCredentialWatch {
  readonly #told = new Map<CredentialProvider, { mark: Mark; at: Timestamp }>();

  look(
    credential: CredentialProvider,
    state: ClientCredentialState | undefined,
    now: Timestamp,
  ): ExpiryNews | undefined {
    if (state?.problem === undefined) {
      this.#told.delete(credential);
      return undefined;
    }
    const { kind, expiresAt, isExpired, problem, fix = '' } = state;
    const mark: Mark = isExpired ? 'credential-expired' : 'credential-expiring';
    const told = this.#told.get(credential);
    if (told?.mark === mark && now - told.at < repeatAfterInMs) return undefined;
    this.#told.set(credential, { mark, at: now });
    return { type: mark, kind, ...(expiresAt && { expiresAt }), problem, fix };
  }
}
