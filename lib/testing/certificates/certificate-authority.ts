import { KeyObject, webcrypto } from 'node:crypto';
import type { X509 } from '../optional-packages.js';

/**
 * Dates of every certificate. They live as long as one test run, but the clock of a test may stand anywhere, while TLS
 * goes by the machine's.
 */
export const validity = {
  notBefore: new Date('2000-01-01T00:00:00Z'),
  notAfter: new Date('2099-12-31T00:00:00Z'),
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const subject = 'CN=Local Entra CA';

/** A private key and its certificate, both as PEM. */
export interface KeyAndCertificate {
  key: string;
  cert: string;
}

/** A certificate authority that exists only in memory. */
export class CertificateAuthority {
  private constructor(
    private readonly x509: X509,
    private readonly keys: webcrypto.CryptoKeyPair,
    /** Its own certificate as PEM. */
    readonly certificate: string,
  ) {}

  static async create(x509: X509): Promise<CertificateAuthority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        ...validity,
        name: subject,
        keys,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return new CertificateAuthority(x509, keys, certificate.toString('pem'));
  }

  /** A certificate for `localhost` and 127.0.0.1. */
  async issueServerCertificate(): Promise<KeyAndCertificate> {
    const { x509 } = this;
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        ...validity,
        subject: 'CN=localhost',
        issuer: subject,
        publicKey: keys.publicKey,
        signingKey: this.keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
          ]),
          await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return { key: privateKeyPem(keys.privateKey), cert: certificate.toString('pem') };
  }
}

/** A web-crypto private key as PEM (PKCS #8). */
export function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
