import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { der } from './der.js';

/**
 * Dates of every certificate. They live as long as one test run, but the clock of a test may stand anywhere, while TLS
 * goes by the machine's.
 */
const validity = der.sequence(
  der.time(new Date('2000-01-01T00:00:00Z')),
  der.time(new Date('2099-12-31T00:00:00Z')),
);

const algorithms = {
  ec: der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2')), // ecdsa-with-SHA256
  rsa: der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), der.null()), // sha256WithRSAEncryption
};

/** What a certificate tells, and who signs it. */
export interface CertificateContent {
  subject: string;
  publicKey: KeyObject;
  issuer: string;
  signingKey: KeyObject;
  extensions?: readonly Buffer[];
}

/**
 * Writes an X.509 certificate of version 3.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function writeCertificate(content: CertificateContent): Buffer {
  const { subject, publicKey, issuer, signingKey, extensions = [] } = content;
  const algorithm = algorithms[signingKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'];
  const body = der.sequence(
    der.context(0, der.integer(Buffer.of(2)), true),
    der.integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    commonName(issuer),
    validity,
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der.context(3, der.sequence(...extensions), true)]),
  );
  return der.sequence(body, algorithm, der.bitString(sign('sha256', body, signingKey)));
}

/** The extensions of a certificate that may sign others, and nothing else. */
export function authorityExtensions(publicKey: KeyObject): Buffer[] {
  return [
    extension('2.5.29.19', der.sequence(der.boolean(true)), true),
    extension('2.5.29.15', der.bitString(Buffer.of(0b0000_0110), 1), true), // keyCertSign, cRLSign
    extension('2.5.29.14', der.octetString(keyIdentifier(publicKey))),
  ];
}

/** The extensions of a server's certificate. */
export function serverExtensions(
  names: { dns: string; ip: readonly number[] },
  authority: KeyObject,
): Buffer[] {
  const alternatives = der.sequence(
    der.context(2, Buffer.from(names.dns, 'latin1')),
    der.context(7, Buffer.from(names.ip)),
  );
  return [
    extension('2.5.29.19', der.sequence(), true),
    extension('2.5.29.15', der.bitString(Buffer.of(0b1000_0000), 7), true), // digitalSignature
    extension('2.5.29.37', der.sequence(der.objectIdentifier('1.3.6.1.5.5.7.3.1'))), // serverAuth
    extension('2.5.29.17', alternatives),
    extension('2.5.29.35', der.sequence(der.context(0, keyIdentifier(authority)))),
  ];
}

/** The bytes as PEM. */
export function certificatePem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(identifier: string, value: Buffer, critical = false): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

function commonName(name: string): Buffer {
  const attribute = der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(name));
  return der.sequence(der.set(attribute));
}

/** A short name for a public key, by which a certificate finds its issuer. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}
