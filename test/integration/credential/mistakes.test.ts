import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialConfiguration, EntraAuthError } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { createEngine } from '../../support/engine.js';

let entra: LocalEntra;
let directory: string;
const other = '99999999-9999-4999-8999-999999999999';

beforeAll(async () => {
  entra = await startLocalEntra();
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = entra.imdsUrl;
  directory = mkdtempSync(join(tmpdir(), 'mistakes-'));
});

afterAll(async () => {
  delete process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'];
  rmSync(directory, { recursive: true });
  await entra.stop();
});

beforeEach(() => entra.requests.reset());

const file = (name: string, content: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const part = (pattern: RegExp): string =>
  pattern.exec(readFileSync(entra.client.certificatePath, 'utf8'))?.[0] ?? '';
const certificateOnly = (): string => part(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/);
const keyOnly = (): string =>
  part(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/);

const application = (): object => ({
  tenantId: entra.tenantId,
  clientId: entra.client.clientId,
  authorityHost: entra.authorityHost,
  certificateAuthority: entra.certificateAuthority,
});
const of = (kind: string, changes: object): CredentialConfiguration =>
  ({ kind, ...application(), ...changes }) as CredentialConfiguration;
const secret = (changes: object): CredentialConfiguration =>
  of('client-secret', { clientSecret: entra.client.clientSecret, ...changes });
const certificate = (changes: object): CredentialConfiguration => of('client-certificate', changes);
const pod = (changes: object): CredentialConfiguration => of('workload-identity', changes);

const pem = 'Give a PEM with certificate and private key as';
const tokenFile =
  'Correct "tokenFilePath" or AZURE_FEDERATED_TOKEN_FILE, and check that the pod mounts the service account token.';

/** Set-up, problem and remedy. Each of them must be repaired: a start that waits fails at its first attempt. */
const mistakes: readonly [string, () => CredentialConfiguration, string, string][] = [
  [
    'an unknown tenant',
    () => secret({ tenantId: other }),
    `AADSTS90002: Tenant '${other}' not found.`,
    'Check the tenant id: Entra ID does not know that tenant.',
  ],
  [
    'an unknown application',
    () => secret({ clientId: other }),
    `AADSTS700016: Application with identifier '${other}' was not found`,
    'Check the client id and the tenant: the application is not registered there.',
  ],
  [
    'a wrong secret',
    () => secret({ clientSecret: 'a-wrong-secret' }),
    'AADSTS7000215: Invalid client secret provided.',
    'Check the client secret: use its value, not its id.',
  ],
  [
    'a certificate file that is missing',
    () => certificate({ certificatePath: join(directory, 'none.pem') }),
    'none.pem" cannot be read (ENOENT).',
    `${pem} "certificatePath".`,
  ],
  [
    'a directory as certificate file',
    () => certificate({ certificatePath: directory }),
    'cannot be read (EISDIR).',
    `${pem} "certificatePath".`,
  ],
  [
    'a PFX',
    () => certificate({ certificatePath: file('a.pfx', Buffer.from([0x30, 0x82, 1, 2])) }),
    'The certificate is a PKCS#12 (PFX) or DER file and not PEM.',
    `Convert it: \`openssl pkcs12 -in certificate.pfx -out certificate.pem -nodes\`. ${pem} "certificatePath".`,
  ],
  [
    'a certificate without its key',
    () => certificate({ certificatePath: file('certificate.pem', certificateOnly()) }),
    'The client certificate has no private key.',
    `${pem} "certificatePath". Its password is "certificatePassword".`,
  ],
  [
    'a key without its certificate',
    () => certificate({ certificatePath: file('key.pem', keyOnly()) }),
    'The client certificate has a key but no certificate.',
    `${pem} "certificatePath". Its password is "certificatePassword".`,
  ],
  [
    'a certificate as text without its key',
    () => certificate({ certificate: certificateOnly() }),
    'The client certificate has no private key.',
    `${pem} "certificate". Its password is "certificatePassword".`,
  ],
  [
    'a token file that is missing',
    () => pod({ tokenFilePath: join(directory, 'none.jwt') }),
    'none.jwt" cannot be read (ENOENT).',
    tokenFile,
  ],
  [
    'an empty token file',
    () => pod({ tokenFilePath: file('empty.jwt', '\n') }),
    'empty.jwt" is empty.',
    tokenFile,
  ],
  [
    'a token file with something else',
    () => pod({ tokenFilePath: file('text.jwt', 'not a token') }),
    'text.jwt" holds no JSON web token.',
    tokenFile,
  ],
  [
    'a pod without the label',
    () => pod({}),
    'The option "tokenFilePath" is missing, and AZURE_FEDERATED_TOKEN_FILE is not set.',
    'Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
  ],
  [
    'a pod without a client',
    () => pod({ clientId: undefined }),
    'The option "clientId" is missing, and AZURE_CLIENT_ID is not set.',
    'Give it, or label the pod `azure.workload.identity/use: "true"` so that AKS sets the variable.',
  ],
  [
    'an identity that the machine does not have',
    () => ({ kind: 'managed-identity', clientId: other }),
    'Managed identity: IMDS answered with HTTP status 400: Identity not found.',
    `Assign the identity with the clientId "${other}" to this machine or application, or correct the option "clientId".`,
  ],
];

describe('a mistake that must be repaired', () => {
  it.each(mistakes)(
    'fails the start at its first attempt, with its remedy: %s',
    async (_, make, problem, fix) => {
      const { service, events, clock } = createEngine({ credential: make(), resources: { graph: {} } });
      const startedAt = clock.now();
      const error = (await service.onModuleInit().catch((e: unknown) => e)) as EntraAuthError;
      expect(error).toMatchObject({ code: 'ENTRA_TOKEN_UNAVAILABLE', retryable: false, fix });
      expect(error.message).toContain(problem);
      expect(error.message).not.toMatch(/can be reached|secret":/);
      expect(events.filter(({ type }) => type === 'refresh-failed')).toHaveLength(1);
      expect(clock.now()).toBe(startedAt);
      expect(clock.pendingTimers).toBe(0);
    },
  );
});
