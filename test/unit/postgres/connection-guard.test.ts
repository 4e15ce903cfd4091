import { TLSSocket } from 'node:tls';

import { describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';

import { ConnectionGuard, type ConnectionTarget } from '../../../lib/postgres/connection-guard.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';
import { anyHostName } from '../../../lib/postgres/server-verification.js';

const role = { username: 'app', database: 'notes' };
const verified = { rejectUnauthorized: true };
const unverified = { rejectUnauthorized: false };

interface Given {
  host?: string;
  ssl?: unknown;
  opened?: boolean;
}

function guardOf({ host = 'db.example', ssl, opened = false }: Given = {}): ConnectionGuard {
  const options = { type: 'postgres', host, ...role, ssl, dangerouslySendTokenWithoutVerifiedTls: opened };
  return new ConnectionGuard([...resolveDataSources(options).values()][0]!);
}

interface Peer {
  authorized?: boolean;
  isTls?: boolean;
  /** The name in its certificate. */
  name?: string;
  host?: string;
  ssl?: unknown;
}

/** A client over a socket that is not connected, with what its handshake left. */
function clientOf({
  authorized = true,
  isTls = true,
  name = 'db.example',
  host = 'db.example',
  ssl = verified,
}: Peer = {}) {
  const stream = isTls ? (Object.create(TLSSocket.prototype) as object) : {};
  const certificate = {
    subject: { CN: name },
    subjectaltname: /^[\d:.]+$/.test(name) ? `IP Address:${name}` : `DNS:${name}`,
  };
  Object.defineProperties(stream, {
    authorized: { value: authorized },
    getPeerCertificate: { value: () => certificate },
  });
  return { host, port: 5432, connection: { stream, ssl } } as unknown as Client;
}

const target = (more: Partial<ConnectionTarget> = {}): ConnectionTarget => ({
  host: 'db.example',
  port: 5432,
  ssl: verified,
  ...more,
});

const unsafe = (host: string) => `The connection to "${host}" is not verified TLS; no token was sent.`;

describe('a verified connection', () => {
  it.each<[string, ConnectionTarget | undefined, Client | undefined]>([
    ['by its target', target(), undefined],
    ['by its target and its socket', target(), clientOf()],
    ['of a driver that gives no target', undefined, undefined],
    ['of a driver that gives no port', target({ port: undefined }), clientOf()],
    ['whose name the driver has compared', target(), clientOf({ name: 'other.example' })],
  ])('gets a token: %s', (_, given, client) => {
    expect(() => guardOf().check(given, client)).not.toThrow();
  });

  it.each<[string, ConnectionTarget, Client | undefined]>([
    ['options without TLS', target({ ssl: false }), undefined],
    ['options that verify nothing', target({ ssl: unverified }), undefined],
    [
      'options that take any name',
      target({ ssl: { ...verified, checkServerIdentity: anyHostName } }),
      undefined,
    ],
    ['a socket without TLS', target(), clientOf({ isTls: false })],
    ['a socket that was not authorized', target(), clientOf({ authorized: false })],
    ['a socket with other options', target(), clientOf({ ssl: unverified })],
  ])('is not one with %s', (_, given, client) => {
    expect(() => guardOf().check(given, client)).toThrow(
      `${unsafe('db.example')} Leave "ssl" out, or give { ca } of the server.`,
    );
  });
});

describe('a server that is configured by its address', () => {
  const guard = guardOf({ host: '10.0.0.4' });
  const check = (name: string): void =>
    guard.check(target({ host: '10.0.0.4' }), clientOf({ host: '10.0.0.4', name }));

  it('needs a certificate of that address', () => {
    expect(() => check('10.0.0.4')).not.toThrow();
    expect(() => check('10.0.0.5')).toThrow(unsafe('10.0.0.4'));
    expect(() => check('localhost')).toThrow(unsafe('10.0.0.4'));
  });

  it('needs none where its name is not checked', () => {
    const ssl = { ...verified, checkServerIdentity: anyHostName };
    const any = new ConnectionGuard({
      ...[...resolveDataSources({ type: 'postgres', host: '10.0.0.4', ...role }).values()][0]!,
      endpoints: [{ host: '10.0.0.4', port: 5432, database: 'notes', ssl }],
    });
    const client = clientOf({ host: '10.0.0.4', name: 'localhost', ssl });
    expect(() => any.check(target({ host: '10.0.0.4', ssl }), client)).not.toThrow();
  });
});

describe('another server than the one that is configured', () => {
  it.each<[string, ConnectionTarget, Client | undefined, string]>([
    [
      'by its host',
      target({ host: 'evil.example' }),
      undefined,
      'The host "evil.example" with the port 5432',
    ],
    ['by its port', target({ port: 1 }), undefined, 'The host "db.example" with the port 1'],
    ['by the host of the client', target(), clientOf({ host: 'evil.example' }), 'The host "evil.example"'],
  ])('gets no token: %s', (_, given, client, what) => {
    expect(() => guardOf().check(given, client)).toThrow(
      `${what} is not configured for the data source "default"; no token was sent. Configure every host in the`,
    );
  });

  it('gets none although the user has opened the guard', () => {
    const opened = guardOf({ ssl: false, opened: true });
    expect(() => opened.check(target({ ssl: false }), clientOf({ isTls: false }))).not.toThrow();
    expect(() => opened.check(target({ host: 'evil.example' }), undefined)).toThrow('is not configured');
  });
});

it('what the driver does to its options later changes nothing', () => {
  const [dataSource] = resolveDataSources({ type: 'postgres', host: 'db.example', ...role }).values();
  const guard = new ConnectionGuard(dataSource!);
  Object.assign(dataSource!.endpoints[0]!.ssl as object, unverified);
  expect(() => guard.check(target({ ssl: unverified }), undefined)).toThrow(unsafe('db.example'));
});
