import { describe, expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import { redact } from '../../../lib/common/redaction.js';
import { credentialFactory } from '../../../lib/credential/create-credential.js';
import {
  environmentLink,
  managedIdentityLink,
  workloadIdentityLink,
} from '../../../lib/credential/default-chain/deployed-links.js';
import type { CredentialConfiguration } from '../../../lib/credential/credential-configuration.js';
import { definedOnly, AzureIdentityContext } from '../../../lib/credential/azure-identity.js';
import { createManagedIdentity } from '../../../lib/credential/managed-identity/create-managed-identity.js';
import {
  checkCredentialConfiguration,
  isCredentialConfiguration,
} from '../../../lib/credential/resolve-credential.js';
const id = '11111111-aaaa-4bbb-8ccc-222222222222';
const secret = { kind: 'client-secret', tenantId: id, clientId: id, clientSecret: 'hush' };
const certificate = { kind: 'client-certificate', tenantId: id, clientId: id };
const check = (configuration: object): void =>
  checkCredentialConfiguration('credential', configuration as CredentialConfiguration);

describe('a credential as plain data', () => {
  it.each<[object]>([
    [{ kind: undefined }],
    [{ kind: 'default' }],
    [{ kind: 'default', tenantId: 'contoso.example', clientId: id }],
    [{ kind: 'managed-identity' }],
    [{ kind: 'managed-identity', objectId: 'o' }],
    [{ kind: 'workload-identity', tokenFilePath: '/f' }],
    [secret],
    [
      {
        ...secret,
        requestTimeoutInMs: 1,
        authorityHost: 'https://login.example',
        certificateAuthority: 'PEM\n',
      },
    ],
    [{ ...secret, requestTimeoutInMs: 600_000 }],
    [{ ...certificate, certificate: 'PEM\n', certificatePassword: ' ' }],
    [{ ...certificate, certificatePath: '/f' }],
  ])('may be %j', (configuration) => {
    expect(() => check(configuration)).not.toThrow();
    expect(isCredentialConfiguration(configuration)).toBe(true);
  });

  it.each<[object, string]>([
    [{ kind: 'nothing' }, '"credential.kind": "nothing". Give one of "default", "managed-identity"'],
    [
      { ...secret, clientSecret: undefined },
      '"credential.clientSecret": missing. Give a string; kind "client-secret" needs tenantId, clientId, clientSecret.',
    ],
    [{ ...secret, tenantId: undefined }, '"credential.tenantId": missing.'],
    [{ ...secret, clientId: undefined }, '"credential.clientId": missing.'],
    [{ ...secret, clientSecret: 'hush\n' }, '"credential.clientSecret": begins or ends with white space.'],
    [{ ...secret, tenantId: '../x' }, '"credential.tenantId": not a tenant.'],
    [{ ...secret, clientId: 'x' }, '"credential.clientId": not a GUID.'],
    [{ ...secret, certificate: 'x' }, '"credential.certificate": no such option.'],
    [{ ...secret, authorityHost: 'http://x' }, '"credential.authorityHost": not a plain https URL.'],
    [{ ...secret, certificateAuthority: '' }, '"credential.certificateAuthority": an empty string.'],
    [{ ...secret, certificateAuthority: 7 }, '"credential.certificateAuthority": 7.'],
    [
      { ...secret, requestTimeoutInMs: 0 },
      '"credential.requestTimeoutInMs": 0. Give milliseconds from 1 to 600000, or leave it out for 10000.',
    ],
    [{ ...secret, requestTimeoutInMs: 600_001 }, '"credential.requestTimeoutInMs": 600001.'],
    [certificate, '"credential.certificate": missing. Give one of certificate, certificatePath.'],
    [
      { ...certificate, certificate: 'a', certificatePath: '/f' },
      '"credential.certificate": given together with certificatePath. Give one of certificate, certificatePath.',
    ],
    [
      { kind: 'managed-identity', clientId: id, objectId: 'o', resourceId: 'r' },
      '"credential.clientId": given together with objectId and resourceId.',
    ],
    [
      { kind: 'managed-identity', objectId: '' },
      '"credential.objectId": an empty string. Give a string; kind "managed-identity" needs none of its options.',
    ],
  ])('may not be %j', (configuration, text) => {
    expect(() => check(configuration)).toThrow(`Invalid option ${text}`);
  });

  it('is an object with a kind', () => {
    expect([null, undefined, 'x', {}, []].some(isCredentialConfiguration)).toBe(false);
  });
});

describe('what @azure/identity is given', () => {
  const contextOf = (
    configuration: object,
    cloud: 'public' | 'usgov' = 'public',
    load?: () => Promise<never>,
  ) => new AzureIdentityContext(configuration as CredentialConfiguration, cloud, new ManualClock(), load);

  it('has the authority of the option or of another cloud, and leaves that of the public one to the environment', async () => {
    const authorityOf = async (configuration: object, cloud?: 'usgov') =>
      (await contextOf(configuration, cloud).options()).authorityHost;
    await expect(authorityOf({})).resolves.toBeUndefined();
    await expect(authorityOf({}, 'usgov')).resolves.toBe('https://login.microsoftonline.us');
    await expect(authorityOf({ authorityHost: 'https://login.example' })).resolves.toBe(
      'https://login.example',
    );
    expect(await contextOf({}).options()).not.toHaveProperty('authorityHost');
  });

  it('does not repeat requests, takes any tenant, and trusts a certificate authority of its own', async () => {
    const options = await contextOf({ certificateAuthority: 'PEM' }).options();
    expect(options).toMatchObject({
      retryOptions: { maxRetries: 0 },
      additionallyAllowedTenants: ['*'],
      tlsOptions: { ca: 'PEM' },
      disableInstanceDiscovery: true,
      httpClient: expect.anything(),
    });
    expect(await contextOf({}).options()).not.toHaveProperty('disableInstanceDiscovery');
  });

  it('has a deadline of ten seconds, and is made and loaded once', async () => {
    let loads = 0;
    const context = contextOf({}, 'public', () => Promise.resolve(++loads as never));
    expect(context.requestTimeoutInMs).toBe(10_000);
    expect(contextOf({ requestTimeoutInMs: 5 }).requestTimeoutInMs).toBe(5);
    expect(await context.options()).toBe(await context.options());
    await context.identity();
    await context.identity();
    expect(loads).toBe(1);
    expect(definedOnly({ a: 1, b: undefined, c: null })).toEqual({ a: 1, c: null });
    expect(definedOnly({ b: undefined })).not.toHaveProperty('b');
  });

  it.each<[object, object]>([
    [{}, {}],
    [{ clientId: 'c' }, { clientId: 'c' }],
    [{ objectId: 'o' }, { objectId: 'o' }],
    [{ resourceId: 'r' }, { resourceId: 'r' }],
  ])('has the identity %j of a machine of Azure Arc', async (identity, expected) => {
    const given: object[] = [];
    class ManagedIdentityCredential {
      constructor(options: object) {
        given.push(options);
      }
    }
    const environment = { ...process.env };
    Object.assign(process.env, { IDENTITY_ENDPOINT: 'http://e', IMDS_ENDPOINT: 'http://i' });
    try {
      await createManagedIdentity(
        identity,
        contextOf({}, 'public', () => Promise.resolve({ ManagedIdentityCredential } as never)),
      );
    } finally {
      process.env = environment;
    }
    const ids = ['clientId', 'objectId', 'resourceId'].filter((name) => name in given[0]!);
    expect(Object.fromEntries(ids.map((name) => [name, Reflect.get(given[0]!, name) as unknown]))).toEqual(
      expected,
    );
  });

  it('a workload identity that the environment describes is made as one', async () => {
    const given: object[] = [];
    class WorkloadIdentityCredential {
      constructor(options: object) {
        given.push(options);
      }
    }
    const environment = { ...process.env };
    Object.assign(process.env, { AZURE_TENANT_ID: 't', AZURE_FEDERATED_TOKEN_FILE: '/f' });
    try {
      const identity = Promise.resolve({ WorkloadIdentityCredential } as never);
      await createManagedIdentity(
        { clientId: 'c' },
        contextOf({}, 'public', () => identity),
      );
    } finally {
      process.env = environment;
    }
    expect(given).toEqual([expect.objectContaining({ clientId: 'c' })]);
  });
});

describe('the secrets of a configuration', () => {
  const made = (configuration: object): void =>
    void credentialFactory(configuration as CredentialConfiguration, 'public', new ManualClock());

  it('are redacted by their value from then on', () => {
    made({ ...secret, clientSecret: 'a-client-secret' });
    made({ ...certificate, certificate: 'PEM', certificatePassword: 'a-password-of-a-key' });
    expect(redact('a-client-secret and a-password-of-a-key')).toBe('[redacted] and [redacted]');
  });
});

it('the links that are configured by the environment decide', () => {
  const context = new AzureIdentityContext({ kind: 'default' }, 'public', new ManualClock());
  const links = [
    environmentLink(context),
    workloadIdentityLink({}, context),
    managedIdentityLink({}, true, context),
  ];
  expect(links.map(({ name, decides }) => [name, decides])).toEqual([
    ['environmentcredential', true],
    ['workloadidentitycredential', true],
    ['managedidentitycredential', false],
  ]);
});

it('a workload identity takes from the environment what it is not given', async () => {
  const context = new AzureIdentityContext({ kind: 'default' }, 'public', new ManualClock());
  const environment = { ...process.env };
  const all = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_FEDERATED_TOKEN_FILE: '/f' };
  const refusalWithout = async (name: string, ids: object = {}): Promise<string | undefined> => {
    process.env = { ...environment, ...all };
    Reflect.deleteProperty(process.env, name);
    return (await workloadIdentityLink(ids, context).refusal(undefined))?.reason;
  };
  try {
    expect(await refusalWithout('nothing')).toBeUndefined();
    for (const name of Object.keys(all)) expect(await refusalWithout(name)).toContain(name);
    expect(await refusalWithout('AZURE_TENANT_ID', { tenantId: 't' })).toBeUndefined();
    expect(await refusalWithout('AZURE_CLIENT_ID', { clientId: 'c' })).toBeUndefined();
  } finally {
    process.env = environment;
  }
});
