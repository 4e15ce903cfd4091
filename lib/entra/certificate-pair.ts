import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

import { redactError } from '../common/redaction.js';
import { InvalidClientError } from './token-endpoint.error.js';

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/;

/** @throws {InvalidClientError} unless there are an RSA key and its certificate */
export function readCertificatePair(
  pem: string,
  password: string | undefined,
): { key: KeyObject; certificate: X509Certificate } {
  const key = readKey(pem, password);
  if (key.asymmetricKeyType !== 'rsa') throw unusableCertificate('has no RSA key, and Entra takes no other');
  const certificates = pem.match(certificateBlock) ?? [];
  if (certificates.length === 0) throw unusableCertificate('has a key but no certificate');
  const certificate = certificates.map(readCertificate).find((candidate) => candidate.checkPrivateKey(key));
  if (certificate === undefined)
    throw unusableCertificate('has a key that belongs to none of its certificates');
  return { key, certificate };
}

function readKey(pem: string, password: string | undefined): KeyObject {
  const block = keyBlock.exec(pem)?.[0];
  if (block === undefined) throw unusableCertificate('has no private key');
  try {
    return createPrivateKey({ key: block, passphrase: password });
  } catch (error) {
    throw unusableCertificate(
      'has a private key that cannot be read, or not with this password',
      redactError(error),
    );
  }
}

function readCertificate(block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw unusableCertificate('has a damaged certificate', redactError(error));
  }
}

/** The error for a certificate that cannot authenticate a client. */
export function unusableCertificate(what: string, cause?: Error): InvalidClientError {
  return new InvalidClientError(
    `The client certificate ${what}.`,
    'Give a PEM with private key and certificate as "clientCertificate", or the path of one, and its password as "clientCertificatePassword".',
    { cause },
  );
}
