import { isIP } from 'node:net';
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { checkAuthorities } from '../database/certificate-authorities.js';
import { requireOpening, verifiedFix } from '../database/opening.js';
import { type ConnectionUrlParts, contradictsUrl } from './connection-url.js';
import type { EndpointTls } from './server-verification.js';
import { tlsOfMode } from './ssl-mode.js';
import { checkTlsOptions } from './tls-options.js';

export interface TlsCandidate {
  /** Path of the endpoint's options. */
  path: string;
  /** Path of the URL. */
  urlPath: string;
  host: string;
  /** The option `ssl`, not yet checked. */
  given: unknown;
  url: ConnectionUrlParts;
  allowsUnverified: boolean;
}

// Node also reads what an options object inherits; an own property, even without a value, stands above that.
const inheritsNothing = { ca: undefined, pskCallback: undefined, secureContext: undefined };

/**
 * Puts the option `ssl` and the URL together to what pg is given.
 *
 * @throws {EntraOptionsError} for what is contradictory or leaves the server unverified
 */
export function resolveTls(candidate: TlsCandidate): EndpointTls {
  const { urlPath, host, url, given, allowsUnverified } = candidate;
  const path = `${candidate.path}.ssl`;
  if (given !== undefined && typeof given !== 'boolean' && !isObject(given))
    throw new EntraOptionsError(path, kindOf(given), verifiedFix);
  if (given === false) return withoutTls(path, candidate);
  const options = ownOptions(given);
  checkTlsOptions(path, options, candidate);
  const { sslmode: mode, ca, rootCertificate, clientCertificate = {} } = ownProperties(url);
  if ((given === true && mode !== undefined && mode !== 'verify-full') || (given && mode === 'disable'))
    throw contradictsUrl(path);
  for (const [key, fromUrl] of Object.entries({ ca: rootCertificate, ...clientCertificate })) {
    if (fromUrl !== undefined && Reflect.get(options, key) !== undefined)
      throw contradictsUrl(`${path}.${key}`);
  }
  if (options.ca !== undefined) checkAuthorities(`${path}.ca`, options.ca, 'holds no certificate');
  if (ca !== undefined) checkAuthorities(urlPath, ca, 'the file of its sslrootcert holds no certificate');
  const merged = { ...options, ...(ca === undefined ? {} : { ca }), ...clientCertificate };
  if (clientCertificate.cert !== undefined && merged.key === undefined && merged.pfx === undefined)
    throw new EntraOptionsError(
      urlPath,
      'has an sslcert without sslkey',
      'Add "sslkey" with the file of the key.',
    );
  if (mode === undefined && options.rejectUnauthorized === false) return { ...inheritsNothing, ...merged };
  const tls = tlsOfMode(urlPath, {
    mode,
    rootCertificate: options.ca === undefined ? rootCertificate : 'own',
    allowsUnverified,
  });
  if (tls === false) return tls;
  if (options.rejectUnauthorized !== undefined && options.rejectUnauthorized !== tls.rejectUnauthorized)
    throw contradictsUrl(`${path}.rejectUnauthorized`);
  // Drivers before pg 8.23.1 name no IP address to the TLS, which then takes a certificate for "localhost" as the server's.
  const identity = isIP(host) === 0 ? {} : { host };
  return { ...inheritsNothing, ...tls, ...merged, rejectUnauthorized: tls.rejectUnauthorized, ...identity };
}

/**
 * pg hides the key of every object that it is given from enumeration, so a copy of one that was used would lose it.
 */
function ownOptions(given: unknown): TlsConnectionOptions {
  if (!isObject(given)) return ownProperties<TlsConnectionOptions>({});
  const { key }: TlsConnectionOptions = Object.hasOwn(given, 'key') ? given : { key: undefined };
  return ownProperties<TlsConnectionOptions>(key === undefined ? given : { ...given, key });
}

/** A copy that inherits nothing: what another package left on `Object.prototype` must not make a server trusted. */
function ownProperties<T extends object>(given: T): T {
  return Object.assign(Object.create(null) as T, given);
}

function withoutTls(path: string, { url, allowsUnverified }: TlsCandidate): false {
  requireOpening(path, 'false', verifiedFix, allowsUnverified);
  if (url.sslmode !== undefined && url.sslmode !== 'disable') throw contradictsUrl(path);
  return false;
}
