import { constants, createHash, randomUUID, sign, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Clock, Timestamp } from '../../common/clock.js';
import { redactError } from '../../common/redaction.js';
import { readCertificatePair, unusableCertificate } from '../../entra/certificate-pair.js';
import { assertionParameters } from './client-assertion.js';
import type { ClientAuthentication, TokenEndpointAddress } from './client-authentication.js';

const lifeInSeconds = 300;

/** Whether the option is a PEM, and not the path of one. */
function isPem(value: string): boolean {
  return value.includes('-----BEGIN ');
}

/**
 * Sends an assertion signed with the key of a registered certificate (`private_key_jwt`). Reads the file for each
 * request, so that a renewed certificate needs no restart.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function clientCertificate(
  pemOrPath: string,
  password: string | undefined,
  clock: Clock,
): ClientAuthentication {
  let expiresAt: Date | undefined;
  return {
    certificateExpiresAt: () => expiresAt,
    async authenticate(endpoint) {
      const pem = isPem(pemOrPath) ? pemOrPath : await readPem(pemOrPath);
      const { key, certificate } = readCertificatePair(pem, password);
      expiresAt = new Date(certificate.validTo);
      return assertionParameters(endpoint.clientId, signAssertion(endpoint, key, certificate, clock.now()));
    },
  };
}

function signAssertion(
  { tokenEndpoint, clientId }: TokenEndpointAddress,
  key: KeyObject,
  certificate: X509Certificate,
  now: Timestamp,
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
    throw unusableCertificate('could not be read', redactError(error));
  }
}
