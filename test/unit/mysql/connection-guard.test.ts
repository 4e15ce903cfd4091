import { TLSSocket } from 'node:tls';

import { afterEach, describe, expect, it } from '@jest/globals';

import { checkConnection } from '../../../lib/mysql/connection-guard.js';

/** A connection that was verified, with a session that was resumed. */
function verified(): object {
  const stream = Object.create(TLSSocket.prototype, {
    authorized: { value: true },
    isSessionReused: { value: () => true },
  }) as TLSSocket;
  return { stream, config: { host: 'db.example', port: 3306, ssl: { verifyIdentity: true } } };
}

describe('the guard of a connection to MySQL', () => {
  afterEach(() => void Reflect.deleteProperty(Object.prototype, 'pfx'));

  it('lets a verified connection have a token', () => {
    expect(() => checkConnection(verified())).not.toThrow();
  });

  it('trusts nothing that another package has put where every object inherits it', () => {
    Object.defineProperty(Object.prototype, 'pfx', { value: 'authorities', configurable: true });
    expect(() => checkConnection(verified())).toThrow(/"pfx" on Object\.prototype.*No token was sent/);
  });
});
