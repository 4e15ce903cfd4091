import { readFileSync } from 'node:fs';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { EntraCloud } from '../entra/clouds.js';
import type { RefreshTokenCredentialOptions } from '../refresh-token/refresh-token.credential-options.js';
import { missingValues } from './usage-message.js';

/** The options of the command line about the request. */
export interface TokenRequestOptions {
  cloud: EntraCloud;
  authorityHost?: string;
  caFile?: string;
  endpoint: 'v1.0' | 'v2.0';
  publicClient?: boolean;
  spa?: boolean;
  timeout: number;
}

/**
 * Puts together who asks and where, from the environment and the command line.
 *
 * @param hasStore whether a store may have the refresh token
 * @throws {EntraOptionsError} which names every value that is missing
 */
export function tokenSettings(
  options: TokenRequestOptions,
  env: Readonly<Record<string, string | undefined>>,
  hasStore: boolean,
): RefreshTokenCredentialOptions {
  const value = (name: string): string | undefined => env[name]?.trim() || undefined;
  const tenantId = value('AZURE_TENANT_ID');
  const clientId = value('AZURE_CLIENT_ID');
  const authentication = options.publicClient || options.spa ? {} : clientAuthentication(value);
  const refreshToken = value('AZURE_REFRESH_TOKEN');
  const missing = [
    ...(tenantId === undefined ? ['AZURE_TENANT_ID'] : []),
    ...(clientId === undefined ? ['AZURE_CLIENT_ID'] : []),
    ...(authentication === undefined ? ['AZURE_CLIENT_SECRET'] : []),
    ...(refreshToken !== undefined || hasStore ? [] : ['AZURE_REFRESH_TOKEN (or --store)']),
  ];
  if (tenantId === undefined || clientId === undefined || missing.length > 0) throw missingValues(missing);
  const authorityHost = options.authorityHost ?? value('AZURE_AUTHORITY_HOST');
  const certificateAuthority = options.caFile === undefined ? undefined : readCertificates(options.caFile);
  return {
    tenantId,
    clientId,
    ...authentication,
    ...(options.spa ? { spa: true } : {}),
    cloud: options.cloud,
    ...(authorityHost === undefined ? {} : { authorityHost }),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    endpointVersion: options.endpoint,
    requestTimeoutInMs: options.timeout * 1000,
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

/** The secret, else the certificate; `undefined` when there is neither. */
function clientAuthentication(
  value: (name: string) => string | undefined,
):
  | Pick<RefreshTokenCredentialOptions, 'clientSecret' | 'clientCertificate' | 'clientCertificatePassword'>
  | undefined {
  const clientSecret = value('AZURE_CLIENT_SECRET');
  if (clientSecret !== undefined) return { clientSecret };
  const clientCertificate = value('AZURE_CLIENT_CERTIFICATE_PATH');
  if (clientCertificate === undefined) return undefined;
  const clientCertificatePassword = value('AZURE_CLIENT_CERTIFICATE_PASSWORD');
  return {
    clientCertificate,
    ...(clientCertificatePassword === undefined ? {} : { clientCertificatePassword }),
  };
}

/** @throws {EntraOptionsError} when the file cannot be read */
export function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EntraOptionsError('--ca-file', `"${file}" cannot be read (${reason})`, 'Give a PEM file.');
  }
}
