import { createHash, createPublicKey, webcrypto, type KeyObject } from 'node:crypto';
import { privateKeyPem, validity } from './certificate-authority.js';
import type { X509 } from '../optional-packages.js';

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};

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

/** Makes the certificate of one application. */
export async function createClientCertificate(x509: X509, clientId: string): Promise<ClientCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    { ...validity, name: `CN=${clientId}`, keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  const der = Buffer.from(certificate.rawData);
  const cert = certificate.toString('pem');
  return {
    pem: `${privateKeyPem(keys.privateKey)}${cert}\n`,
    publicKey: createPublicKey(cert),
    thumbprint: createHash('sha1').update(der).digest('base64url'),
    thumbprintSha256: createHash('sha256').update(der).digest('base64url'),
  };
}
