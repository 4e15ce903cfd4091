import { isEntraAuthError } from '../common/entra-auth.error.js';
import { redactError } from '../common/redaction.js';
import { certificateExpiryOf } from '../entra/client-credential.js';
import { credentialStateOf, isReportingCredential, type CredentialState } from '../entra/credential-state.js';
import { sameTenant } from '../entra/tenant.js';
import {
  isTokenCredential,
  type TokenCredential,
  type TokenCredentialFactory,
} from '../entra/token-credential.js';
import { CredentialUnavailableError } from './credential.error.js';

/**
 * Holds the credential that resources share. Makes a new instance when the cache or the throttle of the current one blocks
 * a new token, unless the application gave an instance.
 */
export class CredentialProvider {
  readonly #create: TokenCredentialFactory | undefined;
  #current: Promise<TokenCredential> | undefined;
  /** The instance that was used last, for its state. */
  #known: TokenCredential | undefined;
  readonly #configuredTenant: string | undefined;
  #learnedTenant: string | undefined;

  /** @param tenantId the tenant that the credential is configured with, if that is known */
  constructor(credential: TokenCredential | TokenCredentialFactory, tenantId?: string) {
    this.#configuredTenant = tenantId;
    if (typeof credential === 'function') this.#create = credential;
    else {
      this.#current = Promise.resolve(credential);
      this.#known = credential;
    }
  }

  /** Whether a new instance can be made. */
  get renewable(): boolean {
    return this.#create !== undefined;
  }

  /** The instance in use, made on first need. */
  get(): Promise<TokenCredential> {
    return (this.#current ??= this.#make());
  }

  /** Replaces the instance that `get` returned earlier, unless another caller has done so, and returns the current one. */
  renew(used: Promise<TokenCredential> | undefined): Promise<TokenCredential> {
    if (this.renewable && this.#current === used) this.#current = undefined;
    return this.get();
  }

  /** Notes the tenant of a token that was requested without a tenant. */
  learnTenant(tenantId: string | undefined): void {
    this.#learnedTenant = tenantId ?? this.#learnedTenant;
  }

  /** Whether a tenant is the credential's default. `false` while the default is unknown. */
  isOwnTenant(tenantId: string): boolean {
    return sameTenant(this.#configuredTenant, tenantId) || sameTenant(this.#learnedTenant, tenantId);
  }

  /** Returns the state of the instance, if it reports one. */
  state(): CredentialState | undefined {
    return credentialStateOf(this.#known);
  }

  /** When the certificate that the instance sends expires, if that is known. */
  certificateExpiresAt(): Date | undefined {
    return certificateExpiryOf(this.#known);
  }

  /** How many refresh tokens the instance has redeemed, if it is one that does. */
  get redemptions(): number | undefined {
    return isReportingCredential(this.#known) ? this.#known.redemptions : undefined;
  }

  /** How long `flush` may take, in milliseconds; `undefined` if the instance does not state it. */
  get flushTimeoutInMs(): number | undefined {
    return isReportingCredential(this.#known) ? this.#known.flushTimeoutInMs : undefined;
  }

  /** Returns what is lost if the process ends now. */
  unsaved(): { problem: string; fix: string } | undefined {
    const state = this.state();
    if (state?.unsaved !== true) return undefined;
    return {
      problem: state.problem ?? 'A new refresh token is not stored.',
      fix: state.fix ?? 'Repair the store.',
    };
  }

  /** Lets the instance store what must not be lost. */
  async flush(): Promise<void> {
    if (isReportingCredential(this.#known)) await this.#known.flush?.();
  }

  #make(): Promise<TokenCredential> {
    const made = this.#tryMake();
    // A failure is not kept: the caller gets the error, and the next call tries again.
    made.catch(() => {
      if (this.#current === made) this.#current = undefined;
    });
    return made;
  }

  async #tryMake(): Promise<TokenCredential> {
    let credential: unknown;
    try {
      credential = await this.#create?.();
    } catch (error) {
      if (isEntraAuthError(error)) throw error;
      const cause = redactError(error);
      throw new CredentialUnavailableError(
        `The credential could not be made: ${cause.message}.`,
        'Check the "credential" option; for a class, pass `() => new TheCredential(…)`.',
        cause,
      );
    }
    if (isTokenCredential(credential)) return (this.#known = credential);
    throw new CredentialUnavailableError(
      `The "credential" function returned ${credential === null ? 'null' : typeof credential}, not a credential.`,
      'Return an object with a getToken() method, such as `new DefaultAzureCredential()`.',
    );
  }
}
