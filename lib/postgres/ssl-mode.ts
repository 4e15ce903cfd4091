import { EntraOptionsError } from '../common/entra-auth.error.js';
import { openingFix, openingOption } from '../database/opening.js';
import { anyHostName, type EndpointTls } from './server-verification.js';

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/** What decides the TLS of a connection, as libpq has it. */
export interface SslModeSituation {
  /** Default: `verify-full`. */
  mode: SslMode | undefined;
  /** Whether there are certificate authorities of the user's own, `'system'` for those of the machine by name. */
  rootCertificate: 'own' | 'system' | undefined;
  /** Whether the user has opened the guard. */
  allowsUnverified: boolean;
}

/**
 * Translates libpq's `sslmode` for Node's TLS. A mode that leaves the server unverified would send the token to
 * any server that answers, so it is refused unless the user has opened the guard; no mode is raised or lowered.
 *
 * @param path the option that the mode comes from
 * @throws {EntraOptionsError} for a mode that is not safe, or that libpq itself refuses
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
export function tlsOfMode(path: string, situation: SslModeSituation): EndpointTls {
  const { mode = 'verify-full', rootCertificate, allowsUnverified } = situation;
  if (rootCertificate === 'system' && mode !== 'verify-full') {
    throw new EntraOptionsError(
      path,
      `sslmode=${mode} is too weak for sslrootcert=system`,
      'Write "sslmode=verify-full", or leave the mode out.',
    );
  }
  switch (mode) {
    case 'verify-full':
      return { rejectUnauthorized: true };
    case 'verify-ca':
      if (rootCertificate === 'own') return { rejectUnauthorized: true, checkServerIdentity: anyHostName };
      throw new EntraOptionsError(
        path,
        'sslmode=verify-ca without sslrootcert accepts any server with a public certificate',
        'Add "sslrootcert" with the file of the certificate authorities, or write "sslmode=verify-full".',
      );
    case 'require':
      // With a root certificate at hand, libpq verifies as in verify-ca.
      if (rootCertificate === 'own') return { rejectUnauthorized: true, checkServerIdentity: anyHostName };
      if (allowsUnverified) return { rejectUnauthorized: false };
      throw unsafe(path, 'sslmode=require without sslrootcert does not verify the server');
    case 'disable':
      if (allowsUnverified) return false;
      throw unsafe(path, 'sslmode=disable is a connection without TLS');
    case 'allow':
    case 'prefer':
      throw new EntraOptionsError(
        path,
        `sslmode=${mode} lets the server decide whether to use TLS`,
        `Write "sslmode=verify-full". The driver "pg" cannot fall back, so "${openingOption}" opens only "require" and "disable".`,
      );
  }
}

function unsafe(path: string, given: string): EntraOptionsError {
  return new EntraOptionsError(path, given, `Write "sslmode=verify-full", or leave it out. ${openingFix}`);
}
