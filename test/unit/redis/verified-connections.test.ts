import type { PeerCertificate } from 'node:tls';

import { expect, it } from '@jest/globals';
import { InsecureConnectionError } from 'nestjs-entra-auth';

import { VerifiedConnections } from '../../../lib/redis/verified-connections.js';

const certificate = { subject: { CN: 'name' }, subjectaltname: 'DNS:name' } as PeerCertificate;

it('lets in one login for each connection that was verified', () => {
  const connections = new VerifiedConnections('name:10000');
  expect(connections.checkServerIdentity('name', certificate)).toBeUndefined();
  expect(() => connections.check()).not.toThrow();
  expect(() => connections.check()).toThrow(InsecureConnectionError);
});

it('lets in none for a certificate of another name', () => {
  const connections = new VerifiedConnections('name:10000');
  expect(connections.checkServerIdentity('other', certificate)).toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  expect(() => connections.check()).toThrow('The connection to "name:10000" is not verified TLS');
});
