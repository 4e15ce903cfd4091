import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { requireOpening, verifiedFix } from '../database/opening.js';

// Each option of Node's TLS, so that a new one does not compile before it is judged. What is refused would let another
// server answer, or take the place of the certificate's check: with a "secureContext" Node ignores "ca", and a resumed
// "session" shows no certificate.
const tlsOptions = {
  host: 'refused',
  pskCallback: 'refused',
  secureContext: 'refused',
  session: 'refused',
  socket: 'refused',
  ca: 'checked',
  checkServerIdentity: 'checked',
  rejectUnauthorized: 'checked',
  servername: 'checked',
  allowPartialTrustChain: 'passed',
  ALPNCallback: 'passed',
  ALPNProtocols: 'passed',
  cert: 'passed',
  ciphers: 'passed',
  clientCertEngine: 'passed',
  crl: 'passed',
  dhparam: 'passed',
  ecdhCurve: 'passed',
  enableTrace: 'passed',
  honorCipherOrder: 'passed',
  key: 'passed',
  lookup: 'passed',
  maxVersion: 'passed',
  minDHSize: 'passed',
  minVersion: 'passed',
  passphrase: 'passed',
  path: 'passed',
  pfx: 'passed',
  port: 'passed',
  privateKeyEngine: 'passed',
  privateKeyIdentifier: 'passed',
  requestCert: 'passed',
  secureOptions: 'passed',
  secureProtocol: 'passed',
  sessionIdContext: 'passed',
  sessionTimeout: 'passed',
  sigalgs: 'passed',
  SNICallback: 'passed',
  ticketKeys: 'passed',
  timeout: 'passed',
} satisfies Record<keyof TlsConnectionOptions, 'refused' | 'checked' | 'passed'>;
const refusedTlsOptions = Object.entries(tlsOptions).flatMap(([name, use]) =>
  use === 'refused' ? [name] : [],
);
/**
 * @param host the server whose certificate is wanted
 * @throws {EntraOptionsError} for what leaves the server unverified
 */
export function checkTlsOptions(
  path: string,
  options: TlsConnectionOptions,
  { host, allowsUnverified }: { host: string; allowsUnverified: boolean },
): void {
  for (const key of refusedTlsOptions) {
    if (Reflect.get(options, key) !== undefined)
      throw new EntraOptionsError(`${path}.${key}`, 'replaces the check of the server', verifiedFix);
  }
  const { servername, rejectUnauthorized, checkServerIdentity } = options;
  if (servername !== undefined && servername !== host) {
    const fix = 'Leave it out, and give as "host" the name that is in the certificate.';
    throw new EntraOptionsError(`${path}.servername`, 'another name than "host"', fix);
  }
  if (rejectUnauthorized !== undefined && rejectUnauthorized !== true) {
    const known = rejectUnauthorized === false && allowsUnverified;
    requireOpening(`${path}.rejectUnauthorized`, kindOf(rejectUnauthorized), verifiedFix, known);
  }
  if (checkServerIdentity !== undefined) {
    const known = typeof checkServerIdentity === 'function' && allowsUnverified;
    requireOpening(`${path}.checkServerIdentity`, 'replaces the check of the host name', verifiedFix, known);
  }
}
