import { createHash, type KeyObject } from 'node:crypto';
import { generateRsaKeyPairSync } from '../tokens/rsa-key-pair.js';
import { certificatePem, writeCertificate } from './certificate.js';

/** A self-signed certificate that an application registers to log in with. */
export interface ClientCertificate {
  /** Private key and certificate, one after the other. */
  pem: string;
  publicKey: KeyObject;
  /** `x5t`: SHA-1 of the certificate, base64url. */
  thumbprint: string;
  /** `x5t#S256`: SHA-256 of the certificate, base64url. */
  thumbprintSha256: string;
}

/** Makes the certificate of one application, which stops the process for about a tenth of a second. */
export function createClientCertificate(clientId: string): ClientCertificate {
  const { publicKey, privateKey: signingKey } = generateRsaKeyPairSync();
  const certificate = writeCertificate({ subject: clientId, publicKey, issuer: clientId, signingKey });
  const key = signingKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    pem: `${key}${certificatePem(certificate)}`,
    publicKey,
    thumbprint: createHash('sha1').update(certificate).digest('base64url'),
    thumbprintSha256: createHash('sha256').update(certificate).digest('base64url'),
  };
}
