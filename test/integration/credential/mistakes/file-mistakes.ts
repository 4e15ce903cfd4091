import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { certificate, fileOf, pod, type Ground, type Mistake } from './mistake.js';

const part = ({ entra }: Ground, pattern: RegExp): string =>
  pattern.exec(readFileSync(entra.client.certificatePath, 'utf8'))?.[0] ?? '';
const certificateOnly = (ground: Ground): string =>
  part(ground, /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/);
const keyOnly = (ground: Ground): string =>
  part(ground, /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/);

const certificateFile = (title: string, path: (ground: Ground) => string, message: string): Mistake => ({
  title,
  configuration: (ground) => certificate(ground, { certificatePath: path(ground) }),
  message,
});
const tokenFile = (title: string, changes: (ground: Ground) => object, message: string): Mistake => ({
  title,
  configuration: (ground) => pod(ground, changes(ground)),
  message,
});

/** Files and settings that no request is needed to find fault with. */
export const fileMistakes: readonly Mistake[] = [
  certificateFile(
    'a certificate file that is missing',
    ({ directory }) => join(directory, 'none.pem'),
    'The certificate file "<directory>/none.pem" cannot be read (ENOENT). Give a PEM with certificate and private key as "certificatePath".',
  ),
  certificateFile(
    'a directory as certificate file',
    ({ directory }) => directory,
    'The certificate file "<directory>" cannot be read (EISDIR). Give a PEM with certificate and private key as "certificatePath".',
  ),
  certificateFile(
    'a PFX',
    (ground) => fileOf(ground, 'a.pfx', Buffer.from([0x30, 0x82, 1, 2])),
    'The certificate is a PKCS#12 (PFX) or DER file and not PEM. Convert it: `openssl pkcs12 -in certificate.pfx -out certificate.pem -nodes`. Give a PEM with certificate and private key as "certificatePath".',
  ),
  certificateFile(
    'an empty certificate file',
    (ground) => fileOf(ground, 'empty.pem', ''),
    'The certificate file "<directory>/empty.pem" is empty. Give a PEM with certificate and private key as "certificatePath".',
  ),
  certificateFile(
    'a certificate file with something else',
    (ground) => fileOf(ground, 'text.pem', 'not a certificate'),
    'The certificate file "<directory>/text.pem" holds no PEM. Give a PEM with certificate and private key as "certificatePath".',
  ),
  certificateFile(
    'a certificate without its key',
    (ground) => fileOf(ground, 'certificate.pem', certificateOnly(ground)),
    'The client certificate has no private key. Give a PEM with certificate and private key as "certificatePath". The password of an encrypted key is "certificatePassword".',
  ),
  certificateFile(
    'a key without its certificate',
    (ground) => fileOf(ground, 'key.pem', keyOnly(ground)),
    'The client certificate has a key but no certificate. Give a PEM with certificate and private key as "certificatePath". The password of an encrypted key is "certificatePassword".',
  ),
  {
    title: 'a certificate as text without its key',
    configuration: (ground) => certificate(ground, { certificate: certificateOnly(ground) }),
    message:
      'The client certificate has no private key. Give a PEM with certificate and private key as "certificate". The password of an encrypted key is "certificatePassword".',
  },
  tokenFile(
    'a token file that is missing',
    ({ directory }) => ({ tokenFilePath: join(directory, 'none.jwt') }),
    'The federated token file "<directory>/none.jwt" cannot be read (ENOENT). Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.',
  ),
  tokenFile(
    'a directory as token file',
    ({ directory }) => ({ tokenFilePath: directory }),
    'The federated token file "<directory>" cannot be read (EISDIR). Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.',
  ),
  tokenFile(
    'an empty token file',
    (ground) => ({ tokenFilePath: fileOf(ground, 'empty.jwt', '\n') }),
    'The federated token file "<directory>/empty.jwt" is empty. Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.',
  ),
  tokenFile(
    'a token file with something else',
    (ground) => ({ tokenFilePath: fileOf(ground, 'text.jwt', 'not a token') }),
    'The federated token file "<directory>/text.jwt" holds no JSON web token. Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.',
  ),
  tokenFile(
    'a pod without the label',
    () => ({ tokenFilePath: undefined }),
    'The option "tokenFilePath" is missing, and AZURE_FEDERATED_TOKEN_FILE is not set. Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
  ),
  tokenFile(
    'a pod without a client',
    () => ({ clientId: undefined }),
    'The option "clientId" is missing, and AZURE_CLIENT_ID is not set. Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
  ),
  tokenFile(
    'a pod without a tenant',
    () => ({ tenantId: undefined }),
    'The option "tenantId" is missing, and AZURE_TENANT_ID is not set. Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
  ),
];
