import { readFile } from 'node:fs/promises';

import { isEntraAuthError, problemOf } from '../common/entra-auth.error.js';
import { redactError } from '../common/redaction.js';
import { readCertificatePair } from '../entra/certificate-pair.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { CredentialUnavailableError } from './credential.error.js';

/**
 * Checks the files of a credential. The errors of the library name neither the option nor the remedy.
 *
 * @throws {CredentialUnavailableError} for a file that is missing, empty or in another format
 */
export async function checkCredentialFiles(configuration: CredentialConfiguration): Promise<void> {
  if (configuration.kind === 'client-certificate') await checkCertificate(configuration);
  if (configuration.kind === 'workload-identity') await checkTokenFile(configuration);
}

type Of<K extends CredentialConfiguration['kind']> = Extract<CredentialConfiguration, { kind: K }>;

async function checkCertificate(configuration: Of<'client-certificate'>): Promise<void> {
  const { certificate, certificatePath: path, certificatePassword } = configuration;
  const fix = `Give a PEM with certificate and private key as "${path === undefined ? 'certificate' : 'certificatePath'}".`;
  const content = path === undefined ? Buffer.from(certificate ?? '') : await read('certificate', path, fix);
  if (content[0] === 0x30) {
    throw new CredentialUnavailableError(
      'The certificate is a PKCS#12 (PFX) or DER file and not PEM.',
      `Convert it: \`openssl pkcs12 -in certificate.pfx -out certificate.pem -nodes\`. ${fix}`,
    );
  }
  if (!content.includes('-----BEGIN ')) {
    const found = content.toString('utf8').trim() === '' ? 'is empty' : 'holds no PEM';
    throw new CredentialUnavailableError(
      `The certificate${path === undefined ? '' : ` file "${path}"`} ${found}.`,
      fix,
    );
  }
  try {
    readCertificatePair(content.toString('utf8'), certificatePassword);
  } catch (error) {
    if (!isEntraAuthError(error)) throw error;
    throw new CredentialUnavailableError(
      problemOf(error),
      `${fix} The password of an encrypted key is "certificatePassword".`,
      error,
    );
  }
}

const variables = {
  tenantId: 'AZURE_TENANT_ID',
  clientId: 'AZURE_CLIENT_ID',
  tokenFilePath: 'AZURE_FEDERATED_TOKEN_FILE',
} as const;

async function checkTokenFile(configuration: Of<'workload-identity'>): Promise<void> {
  const valueOf = (key: keyof typeof variables): string | undefined =>
    configuration[key] ?? process.env[variables[key]];
  for (const key of Object.keys(variables) as (keyof typeof variables)[]) {
    if ((valueOf(key) ?? '') !== '') continue;
    throw new CredentialUnavailableError(
      `The option "${key}" is missing, and ${variables[key]} is not set.`,
      'Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
    );
  }
  const fix =
    'Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.';
  const path = valueOf('tokenFilePath') ?? '';
  const token = (await read('federated token', path, fix)).toString('utf8').trim();
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return;
  const found = token === '' ? 'is empty' : 'holds no JSON web token';
  throw new CredentialUnavailableError(`The federated token file "${path}" ${found}.`, fix);
}

async function read(what: string, path: string, fix: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CredentialUnavailableError(
      `The ${what} file "${path}" cannot be read (${reason}).`,
      fix,
      redactError(error),
    );
  }
}
