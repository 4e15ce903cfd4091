import {
  constants,
  createHash,
  createPrivateKey,
  randomUUID,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { InvalidClientError } from '../../entra/invalid-client.error.js';
import { redactError } from '../../common/redaction.js';
import type { Clock } from '../../common/clock.js';
import type { TokenEndpointAddress } from '../token-endpoint-address.js';
import { assertionProof } from './client-assertion.js';
import type { ClientAuthentication } from './client-authentication.js';

const lifeInSeconds = 300;
const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/;

/** Whether a certificate option is the PEM itself and not the path of a file. */
function isPem(value: string): boolean {
  return value.includes('-----BEGIN ');
}

/**
 * An assertion signed with the key of a registered certificate (`private_key_jwt`). The file is read again for each
 * one, so that a renewed certificate needs no restart.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function clientCertificate(
  pemOrPath: string,
  password: string | undefined,
  clock: Clock,
): ClientAuthentication {
  return {
    async prove(endpoint) {
      const pem = isPem(pemOrPath) ? pemOrPath : await readPem(pemOrPath);
      const { key, certificate } = readCertificatePair(pem, password);
      return assertionProof(endpoint.clientId, signAssertion(endpoint, key, certificate, clock.now()));
    },
  };
}

/** @param now milliseconds since 1970 */
function signAssertion(
  { tokenEndpoint, clientId }: TokenEndpointAddress,
  key: KeyObject,
  certificate: X509Certificate,
  now: number,
): string {
  const issuedAt = Math.floor(now / 1000);
  const header = {
    alg: 'PS256',
    typ: 'JWT',
    'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
  };
  const claims = {
    aud: tokenEndpoint,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifeInSeconds,
  };
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = sign('sha256', Buffer.from(content.join('.')), {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
  return [...content, signature.toString('base64url')].join('.');
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable('could not be read', redactError(error));
  }
}

/** @throws {InvalidClientError} unless there are an RSA key and its certificate */
export function readCertificatePair(
  pem: string,
  password: string | undefined,
): { key: KeyObject; certificate: X509Certificate } {
  const key = readKey(pem, password);
  if (key.asymmetricKeyType !== 'rsa') throw unusable('has no RSA key, and Entra takes no other');
  const certificates = pem.match(certificateBlock) ?? [];
  if (certificates.length === 0) throw unusable('has a key but no certificate');
  const certificate = certificates.map(readCertificate).find((candidate) => candidate.checkPrivateKey(key));
  if (certificate === undefined) throw unusable('has a key that belongs to none of its certificates');
  return { key, certificate };
}

function readKey(pem: string, password: string | undefined): KeyObject {
  const block = keyBlock.exec(pem)?.[0];
  if (block === undefined) throw unusable('has no private key');
  try {
    return createPrivateKey({ key: block, ...(password === undefined ? {} : { passphrase: password }) });
  } catch (error) {
    throw unusable('has a private key that cannot be read, or not with this password', redactError(error));
  }
}

function readCertificate(block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw unusable('has a damaged certificate', redactError(error));
  }
}

function unusable(what: string, cause?: Error): InvalidClientError {
  return new InvalidClientError(
    `The client certificate ${what}.`,
    'Give a PEM with private key and certificate as "clientCertificate", or the path of one, and its password as "clientCertificatePassword".',
    { cause },
  );
}
