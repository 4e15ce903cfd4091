import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { checkAuthorities } from '../database/certificate-authorities.js';
import { verifiedFix } from '../database/opening.js';
import type { EntraMySqlTlsOptions } from './mysql-data-source.options.js';

/** The TLS of a server that is verified, its name included. */
export type MySqlTls = EntraMySqlTlsOptions & { rejectUnauthorized: true; verifyIdentity: true };

const known: Readonly<Record<keyof EntraMySqlTlsOptions, true>> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  ciphers: true,
  minVersion: true,
  maxVersion: true,
  rejectUnauthorized: true,
  verifyIdentity: true,
};

// mysql2 reads each of them from the object, which would inherit what another package left on Object.prototype.
const inheritsNothing = Object.fromEntries(Object.keys(known).map((name) => [name, undefined]));

/** @throws {EntraOptionsError} for what leaves the server unverified, and for what mysql2 would ignore */
export function resolveMySqlTls(path: string, given: unknown): MySqlTls {
  const verified = { rejectUnauthorized: true, verifyIdentity: true } as const;
  if (given === undefined || given === true) return { ...inheritsNothing, ...verified };
  if (!isObject(given)) throw new EntraOptionsError(path, shownKind(given), verifiedFix);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(known, name)) {
      const fix = `mysql2 knows ${Object.keys(known).join(', ')}.${name === 'pfx' ? ' Give "cert" and "key".' : ''}`;
      throw new EntraOptionsError(`${path}.${name.slice(0, 40)}`, 'ignored by mysql2', fix);
    }
    if (Object.hasOwn(verified, name) && value !== true)
      throw new EntraOptionsError(`${path}.${name}`, kindOf(value), verifiedFix);
  }
  if (given['ca'] !== undefined) checkAuthorities(`${path}.ca`, given['ca'], 'holds no certificate');
  return { ...inheritsNothing, ...given, ...verified };
}

function shownKind(given: unknown): string {
  return typeof given === 'string' ? 'the name of a profile of mysql2' : kindOf(given);
}
