import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { authorityExtensions, certificatePem, serverExtensions, writeCertificate } from './certificate.js';

const subject = 'Local Entra CA';

/** A private key and its certificate, both as PEM. */
export interface KeyAndCertificate {
  key: string;
  cert: string;
}

/** A certificate authority that exists only in memory. */
export class CertificateAuthority {
  private readonly keys = generateKeys();
  /** Its own certificate as PEM. */
  readonly certificate: string;

  constructor() {
    const { publicKey, privateKey: signingKey } = this.keys;
    const extensions = authorityExtensions(publicKey);
    this.certificate = certificatePem(
      writeCertificate({ subject, publicKey, issuer: subject, signingKey, extensions }),
    );
  }

  /** A certificate for 127.0.0.1 and a host name. */
  issueServerCertificate(dns = 'localhost'): KeyAndCertificate {
    const { publicKey, privateKey } = generateKeys();
    const certificate = writeCertificate({
      subject: dns,
      publicKey,
      issuer: subject,
      signingKey: this.keys.privateKey,
      extensions: serverExtensions({ dns, ip: [127, 0, 0, 1] }, this.keys.publicKey),
    });
    return {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      cert: certificatePem(certificate),
    };
  }
}

function generateKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
