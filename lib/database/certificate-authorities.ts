import { X509Certificate } from 'node:crypto';

import { EntraOptionsError } from '../common/entra-auth.error.js';

/**
 * Refuses certificate authorities without a certificate. Node takes an empty text or `null` as every public authority:
 * where the host name is not checked, any server with a public certificate would get the token.
 *
 * @param option the option that they come from
 * @param given what was found there, in words for the error
 * @throws {EntraOptionsError} unless every text holds a certificate
 */
export function checkAuthorities(option: string, authorities: unknown, given: string): void {
  const texts: readonly unknown[] = Array.isArray(authorities) ? authorities : [authorities];
  if (texts.length > 0 && texts.every(holdsCertificate)) return;
  throw new EntraOptionsError(
    option,
    given,
    'Give the certificates of the authorities as PEM, from "-----BEGIN CERTIFICATE-----" on, or leave it out for ' +
      'those that Node.js trusts.',
  );
}

/** Accepts PEM only, as TLS does. */
function holdsCertificate(authority: unknown): boolean {
  const text = textOf(authority);
  if (!text.includes('-----BEGIN ')) return false;
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}

function textOf(authority: unknown): string {
  if (typeof authority === 'string') return authority;
  if (!ArrayBuffer.isView(authority)) return '';
  return Buffer.from(authority.buffer, authority.byteOffset, authority.byteLength).toString('latin1');
}
