import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf, shownChoice } from '../common/option-checks.js';
import { checkAuthorities } from '../database/certificate-authorities.js';
import type { EntraMsSqlTlsOptions } from './mssql-data-source.options.js';

/** How the connections to a server are encrypted. */
export interface MsSqlEncryption {
  /** TDS 7.4 with TLS inside, or TDS 8.0 inside of TLS. */
  encrypt: true | 'strict';
  /** What `tedious` makes its TLS of. */
  tls: EntraMsSqlTlsOptions;
}

const known: Readonly<Record<keyof EntraMsSqlTlsOptions, true>> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  ciphers: true,
  minVersion: true,
  maxVersion: true,
};

/** @throws {EntraOptionsError} for what leaves the server unverified */
export function resolveEncryption(
  path: string,
  { encrypt = true, trustServerCertificate, cryptoCredentialsDetails }: Record<string, unknown>,
): MsSqlEncryption {
  if (encrypt !== true && encrypt !== 'strict') {
    const fix = 'A token goes over TLS alone: leave it out, or write true or "strict".';
    throw new EntraOptionsError(`${path}.encrypt`, shownChoice(encrypt), fix);
  }
  if (trustServerCertificate !== undefined && trustServerCertificate !== false) {
    const fix = `Leave it out: a server that is not verified gets no token. For a private authority, ${authorityFix}`;
    throw new EntraOptionsError(`${path}.trustServerCertificate`, kindOf(trustServerCertificate), fix);
  }
  const tls = resolveTls(`${path}.cryptoCredentialsDetails`, cryptoCredentialsDetails);
  if (encrypt === true && tls.minVersion === 'TLSv1.3') {
    const fix = 'Write encrypt: "strict": tedious has TLS 1.2 at most inside of TDS 7.4.';
    throw new EntraOptionsError(`${path}.cryptoCredentialsDetails.minVersion`, '"TLSv1.3"', fix);
  }
  return { encrypt, tls };
}

const authorityFix = 'give { ca } as "cryptoCredentialsDetails".';

function resolveTls(path: string, given: unknown): EntraMsSqlTlsOptions {
  if (given === undefined) return inheritingNothing({});
  if (!isObject(given)) {
    throw new EntraOptionsError(path, kindOf(given), 'Give an object such as { ca }, or leave it out.');
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const fix = `Give ${Object.keys(known).join(', ')}, or nothing: how the server is verified is not an option.`;
    throw new EntraOptionsError(`${path}.${name.slice(0, 40)}`, 'given', fix);
  }
  const tls = inheritingNothing(given);
  if (tls.ca !== undefined) checkAuthorities(`${path}.ca`, tls.ca, 'holds no certificate');
  return tls;
}

/** `tedious` derives its TLS options from the object, and Node.js reads an authority (`ca`, `pfx`) that is inherited too. */
function inheritingNothing(given: EntraMsSqlTlsOptions): EntraMsSqlTlsOptions {
  return Object.assign(Object.create(null) as EntraMsSqlTlsOptions, given);
}
