import type { CertificateHolder } from '../entra/client-credential.js';
import { readCertificatePair } from '../entra/certificate-pair.js';
import type { AccessToken, GetTokenOptions, TokenCredential } from '../entra/token-credential.js';
import { ObservedCredential } from './observed-credential.js';

/** Wraps a credential that sends a certificate, and notes with each token when that certificate expires. */
export class CertificateCredential extends ObservedCredential implements CertificateHolder {
  readonly #read: () => Promise<string>;
  readonly #password: string | undefined;
  #expiresAt: Date | undefined;

  /** @param read reads the PEM, which may be replaced while the application runs */
  constructor(inner: TokenCredential, read: () => Promise<string>, password: string | undefined) {
    super(inner);
    this.#read = read;
    this.#password = password;
  }

  certificateExpiresAt(): Date | undefined {
    return this.#expiresAt;
  }

  override async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    await this.#note();
    return super.getToken(scopes, options);
  }

  async #note(): Promise<void> {
    try {
      const { certificate } = readCertificatePair(await this.#read(), this.#password);
      this.#expiresAt = new Date(certificate.validTo);
    } catch {
      // The credential reads the same, and its error has the reason.
      this.#expiresAt = undefined;
    }
  }
}
