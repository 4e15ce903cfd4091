import { describe, expect, it } from '@jest/globals';

import { anyHostName, verifiesAlike, verifiesServer } from '../../../lib/postgres/server-verification.js';
import { sslModes, tlsOfMode, type SslMode } from '../../../lib/postgres/ssl-mode.js';

const full = { rejectUnauthorized: true };
const anyName = { rejectUnauthorized: true, checkServerIdentity: anyHostName };
const unverified = { rejectUnauthorized: false };
const refused = 'refused';

type Row = [SslMode | undefined, 'own' | 'system' | undefined, closed: unknown, opened: unknown];

const rows: Row[] = [
  [undefined, undefined, full, full],
  [undefined, 'own', full, full],
  [undefined, 'system', full, full],
  ['verify-full', undefined, full, full],
  ['verify-full', 'own', full, full],
  ['verify-full', 'system', full, full],
  ['verify-ca', undefined, refused, refused],
  ['verify-ca', 'own', anyName, anyName],
  ['verify-ca', 'system', refused, refused],
  ['require', undefined, refused, unverified],
  ['require', 'own', anyName, anyName],
  ['require', 'system', refused, refused],
  ['prefer', undefined, refused, refused],
  ['prefer', 'own', refused, refused],
  ['prefer', 'system', refused, refused],
  ['allow', undefined, refused, refused],
  ['allow', 'own', refused, refused],
  ['allow', 'system', refused, refused],
  ['disable', undefined, refused, false],
  ['disable', 'own', refused, false],
  ['disable', 'system', refused, refused],
];

describe('tlsOfMode', () => {
  it('knows every mode with every kind of root certificate', () => {
    expect(rows).toHaveLength((sslModes.length + 1) * 3);
    expect(new Set(rows.map(([mode]) => mode))).toEqual(new Set([undefined, ...sslModes]));
  });

  it.each(rows)('%s with root certificate %s', (mode, rootCertificate, closed, opened) => {
    for (const [allowsUnverified, expected] of [
      [false, closed],
      [true, opened],
    ]) {
      const tls = (): unknown =>
        tlsOfMode('url', { mode, rootCertificate, allowsUnverified: allowsUnverified === true });
      if (expected === refused) {
        expect(tls).toThrow(new RegExp(`Invalid option "url": sslmode=${mode}.*sslmode=verify-full`));
      } else {
        expect(tls()).toEqual(expected);
        expect(allowsUnverified || verifiesServer(tls())).toBe(true);
      }
    }
  });
});

describe('verifiesServer', () => {
  it.each([
    [full, true],
    [anyName, true],
    [unverified, false],
    [{}, false],
    [{ rejectUnauthorized: 1 }, false],
    [{ ...full, checkServerIdentity: () => undefined }, false],
    [true, false],
    [false, false],
    [undefined, false],
  ])('%j', (ssl, verifies) => {
    expect(verifiesServer(ssl)).toBe(verifies);
  });

  it('tells a check of the host name from none', () => {
    expect(verifiesAlike(full, { ...full, ca: 'PEM' })).toBe(true);
    expect(verifiesAlike(full, anyName)).toBe(false);
    expect(verifiesAlike(unverified, unverified)).toBe(false);
  });
});
