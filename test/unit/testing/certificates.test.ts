import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createClientCertificate } from '../../../lib/testing/certificates/client-certificate.js';
import { der } from '../../../lib/testing/certificates/der.js';

describe('The certificates of the local Entra', () => {
  it('are an authority that may sign, and servers of this machine', () => {
    const authority = new CertificateAuthority();
    const root = new X509Certificate(authority.certificate);
    const { key, cert } = authority.issueServerCertificate();
    const server = new X509Certificate(cert);
    expect([root.ca, server.ca]).toEqual([true, false]);
    expect([root.subject, server.subject, server.issuer]).toEqual([
      'CN=Local Entra CA',
      'CN=localhost',
      'CN=Local Entra CA',
    ]);
    expect([root.verify(root.publicKey), server.verify(root.publicKey)]).toEqual([true, true]);
    expect([server.checkIssued(root), server.checkPrivateKey(createPrivateKey(key))]).toEqual([true, true]);
    expect([server.checkHost('localhost'), server.checkIP('127.0.0.1')]).toEqual(['localhost', '127.0.0.1']);
    expect([server.checkHost('other.example'), server.checkIP('127.0.0.2')]).toEqual([undefined, undefined]);
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(server.verify(new X509Certificate(new CertificateAuthority().certificate).publicKey)).toBe(false);
  });

  it('are valid whatever a test takes for now', () => {
    const { validFrom, validTo } = new X509Certificate(new CertificateAuthority().certificate);
    expect([validFrom, validTo]).toEqual(['Jan  1 00:00:00 2000 GMT', 'Dec 31 00:00:00 2099 GMT']);
  });

  it('are signed by their own keys for applications, and found by their thumbprints', () => {
    const [one, other] = [createClientCertificate('a'), createClientCertificate('a')];
    const certificate = new X509Certificate(one.pem.slice(one.pem.indexOf('-----BEGIN CERT')));
    expect([certificate.subject, certificate.verify(one.publicKey)]).toEqual(['CN=a', true]);
    expect(certificate.verify(other.publicKey)).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(one.pem))).toBe(true);
    const thumbprint = (hex: string) => Buffer.from(hex.replaceAll(':', ''), 'hex').toString('base64url');
    expect([one.thumbprint, one.thumbprintSha256]).toEqual([
      thumbprint(certificate.fingerprint),
      thumbprint(certificate.fingerprint256),
    ]);
  });

  it('are written in DER', () => {
    const hex = (bytes: Buffer) => bytes.toString('hex');
    expect(hex(der.objectIdentifier('1.2.840.113549.1.1.11'))).toBe('06092a864886f70d01010b');
    expect(hex(der.integer(Buffer.of(0x80)))).toBe('02020080');
    expect(hex(der.octetString(Buffer.alloc(200)).subarray(0, 4))).toBe('0481c800');
    expect(hex(der.octetString(Buffer.alloc(300)).subarray(0, 5))).toBe('0482012c00');
    expect(hex(der.bitString(Buffer.of(0x80), 7))).toBe('03020780');
  });
});
