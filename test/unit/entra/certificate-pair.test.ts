import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { InvalidClientError } from '../../../lib/entra/token-endpoint.error.js';
import { readCertificatePair } from '../../../lib/entra/certificate-pair.js';
import { createClientCertificate } from '../../../lib/testing/certificates/client-certificate.js';

const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const damaged = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
let key: string;
let certificate: string;
let otherCertificate: string;

beforeAll(() => {
  const [one, other] = ['a', 'b'].map((name) => createClientCertificate(name));
  const at = one!.pem.indexOf('-----BEGIN CERT');
  [key, certificate] = [one!.pem.slice(0, at), one!.pem.slice(at)];
  otherCertificate = other!.pem.slice(other!.pem.indexOf('-----BEGIN CERT'));
});

function refused(pem: string, password?: string): InvalidClientError {
  try {
    readCertificatePair(pem, password);
  } catch (error) {
    if (error instanceof InvalidClientError) return error;
    throw error;
  }
  throw new Error('The certificate was accepted.');
}

describe('a PEM with key and certificate', () => {
  it('is read in any order, and of a chain the certificate of the key is taken', () => {
    for (const pem of [key + certificate, certificate + key, otherCertificate + key + certificate]) {
      const pair = readCertificatePair(pem, undefined);
      expect(pair.certificate.subject).toBe('CN=a');
      expect(pair.certificate.checkPrivateKey(pair.key)).toBe(true);
    }
  });

  it('may have a key with a password, of the older form too', () => {
    const locked = (type: 'pkcs1' | 'pkcs8'): string =>
      createPrivateKey(key)
        .export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' })
        .toString();
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      expect(readCertificatePair(locked(type) + certificate, 'hush').certificate.subject).toBe('CN=a');
    }
    expect(refused(locked('pkcs8') + certificate, 'wrong').message).toContain('or not with this password');
    expect(refused(locked('pkcs8') + certificate).cause).toBeInstanceOf(Error);
  });

  it.each<[string, () => string, string, boolean]>([
    ['no key', () => certificate, 'has no private key', false],
    ['no certificate', () => key, 'has a key but no certificate', false],
    [
      'the certificate of another key',
      () => key + otherCertificate,
      'has a key that belongs to none of',
      false,
    ],
    ['a key that is not RSA', () => ecKey + certificate, 'has no RSA key, and Entra takes no other', false],
    ['a damaged certificate', () => key + damaged, 'has a damaged certificate', true],
    [
      'a damaged key',
      () => key.replace(/\n\w{20}/, '\nxxxxxxxxxxxxxxxxxxxx') + certificate,
      'cannot be read',
      true,
    ],
  ])('with %s is refused', (_, pem, text, hasCause) => {
    const error = refused(pem());
    expect(error.message).toMatch(
      /^The client certificate has .*Give a PEM with private key and certificate/,
    );
    expect(error.message).toContain(text);
    expect(error.cause instanceof Error).toBe(hasCause);
    expect(error.retryable).toBe(false);
  });
});
