import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { CredentialConfiguration } from '../../../lib/credential/credential-configuration.js';
import { checkCredentialFiles } from '../../../lib/credential/credential-files.js';
import { createClientCertificate } from '../../../lib/testing/certificates/client-certificate.js';

const directory = mkdtempSync(join(tmpdir(), 'credential-files-'));
const environment = { ...process.env };
const jwt = 'aaa.b-b.c_c';
let pem: string;

beforeAll(() => {
  pem = createClientCertificate('the-client').pem;
});
afterEach(() => {
  process.env = { ...environment };
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const check = (configuration: object): Promise<void> =>
  checkCredentialFiles(configuration as CredentialConfiguration);

describe('a client certificate', () => {
  const ids = { kind: 'client-certificate', tenantId: 't', clientId: 'c' };

  it('is taken as a text and from a file', async () => {
    await expect(check({ ...ids, certificate: pem })).resolves.toBeUndefined();
    await expect(check({ ...ids, certificatePath: file('good.pem', pem) })).resolves.toBeUndefined();
  });

  const withPath = 'Give a PEM with certificate and private key as "certificatePath".';
  const withText = 'Give a PEM with certificate and private key as "certificate".';

  it.each<[string, () => object, string]>([
    [
      'a file that is not there',
      () => ({ certificatePath: join(directory, 'none') }),
      `The certificate file "${join(directory, 'none')}" cannot be read (ENOENT). ${withPath}`,
    ],
    [
      'a PFX',
      () => ({ certificatePath: file('a.pfx', Uint8Array.of(0x30, 0x82)) }),
      'The certificate is a PKCS#12 (PFX) or DER file and not PEM. ' +
        `Convert it: \`openssl pkcs12 -in certificate.pfx -out certificate.pem -nodes\`. ${withPath}`,
    ],
    [
      'an empty file',
      () => ({ certificatePath: file('empty.pem', ' \n') }),
      `The certificate file "${join(directory, 'empty.pem')}" is empty. ${withPath}`,
    ],
    [
      'a file of another kind',
      () => ({ certificatePath: file('text.pem', 'hello') }),
      `The certificate file "${join(directory, 'text.pem')}" holds no PEM. ${withPath}`,
    ],
    ['a text without PEM', () => ({ certificate: 'hello' }), `The certificate holds no PEM. ${withText}`],
    ['no text', () => ({}), `The certificate is empty. ${withText}`],
    [
      'a certificate without a key',
      () => ({ certificate: pem.slice(pem.indexOf('-----BEGIN CERT')) }),
      `The client certificate has no private key. ${withText} The password of an encrypted key is "certificatePassword".`,
    ],
  ])('is not %s', async (_, given, message) => {
    await expect(check({ ...ids, ...given() })).rejects.toMatchObject({
      code: 'ENTRA_CREDENTIAL_UNAVAILABLE',
      message,
      retryable: false,
    });
  });
});

describe('a federated token', () => {
  const ids = { kind: 'workload-identity', tenantId: 't', clientId: 'c' };
  const fix =
    'Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.';

  it('is taken from the file of the option, or of the variables of the pod', async () => {
    const tokenFilePath = file('token', `${jwt}\n`);
    await expect(check({ ...ids, tokenFilePath })).resolves.toBeUndefined();
    Object.assign(process.env, {
      AZURE_TENANT_ID: 't',
      AZURE_CLIENT_ID: 'c',
      AZURE_FEDERATED_TOKEN_FILE: tokenFilePath,
    });
    await expect(check({ kind: 'workload-identity' })).resolves.toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['empty', ' \n', 'is empty'],
    ['of two parts', 'aaa.bbb', 'holds no JSON web token'],
    ['of four parts', `${jwt}.d`, 'holds no JSON web token'],
  ])('is not %s', async (_, content, found) => {
    const tokenFilePath = file('bad', content);
    await expect(check({ ...ids, tokenFilePath })).rejects.toThrow(
      `The federated token file "${tokenFilePath}" ${found}. ${fix}`,
    );
  });

  it('is not in a file that is not there', async () => {
    const tokenFilePath = join(directory, 'none');
    await expect(check({ ...ids, tokenFilePath })).rejects.toMatchObject({
      message: `The federated token file "${tokenFilePath}" cannot be read (ENOENT). ${fix}`,
      cause: { code: 'ENOENT' },
    });
  });

  it.each([
    ['tenantId', 'AZURE_TENANT_ID'],
    ['clientId', 'AZURE_CLIENT_ID'],
    ['tokenFilePath', 'AZURE_FEDERATED_TOKEN_FILE'],
  ])('needs %s or %s', async (option, variable) => {
    const all: Record<string, string | undefined> = { ...ids, tokenFilePath: file('token', jwt) };
    process.env[variable] = '';
    await expect(check({ ...all, [option]: undefined })).rejects.toThrow(
      `The option "${option}" is missing, and ${variable} is not set. ` +
        'Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
    );
  });
});

it('credentials of other kinds have no files', async () => {
  await expect(check({ kind: 'managed-identity' })).resolves.toBeUndefined();
});
