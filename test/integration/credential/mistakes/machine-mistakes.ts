import type { CredentialConfiguration } from 'nestjs-entra-auth';

import { other, type Fault, type Ground, type Mistake } from './mistake.js';

const identity =
  (changes: object = {}) =>
  (): CredentialConfiguration => ({ kind: 'managed-identity', ...changes });

const imds = (title: string, fault: Fault, message: string, attempts?: number): Mistake => ({
  title,
  configuration: identity(),
  prepare: ({ entra }) => entra.faults.set('imds', fault),
  message,
  ...(attempts === undefined ? {} : { attempts }),
});
const onAppService =
  (change: object = {}) =>
  ({ entra }: Ground): object =>
    Object.assign(process.env, {
      IDENTITY_ENDPOINT: entra.appService.endpoint,
      IDENTITY_HEADER: entra.appService.header,
      ...change,
    });

/** What the machine is, and whether it has the identity. */
export const machineMistakes: readonly Mistake[] = [
  {
    title: 'a client id that the machine does not have',
    configuration: identity({ clientId: other }),
    message:
      'Managed identity: IMDS answered with HTTP status 400: Identity not found. Assign the identity with the clientId "99999999-9999-4999-8999-999999999999" to this machine or application, or correct the option "clientId".',
  },
  {
    title: 'an object id that the machine does not have',
    configuration: identity({ objectId: other }),
    message:
      'Managed identity: IMDS answered with HTTP status 400: Identity not found. Assign the identity with the objectId "99999999-9999-4999-8999-999999999999" to this machine or application, or correct the option "objectId".',
  },
  {
    title: 'a resource id that the machine does not have',
    configuration: identity({ resourceId: '/subscriptions/none' }),
    message:
      'Managed identity: IMDS answered with HTTP status 400: Identity not found. Assign the identity with the resourceId "/subscriptions/none" to this machine or application, or correct the option "resourceId".',
  },
  imds(
    'a machine without IMDS',
    { kind: 'connection-refused' },
    `Managed identity: IMDS gave no response: connect ECONNREFUSED 127.0.0.1:<port>. Check that this machine runs on Azure and may reach the endpoint; elsewhere use { kind: 'default' } and \`az login\`.`,
    6,
  ),
  imds(
    'IMDS being updated (404)',
    { kind: 'http-status', status: 404 },
    'Managed identity: IMDS answered with HTTP status 404. The platform is busy or being updated; try again later, as the background refresh does.',
    6,
  ),
  imds(
    'IMDS being updated (410)',
    { kind: 'http-status', status: 410 },
    'Managed identity: IMDS answered with HTTP status 410. The platform is busy or being updated; try again later, as the background refresh does.',
    6,
  ),
  imds(
    'IMDS limiting requests',
    { kind: 'http-status', status: 429, retryAfter: 5 },
    'Managed identity: IMDS answered with HTTP status 429 (Retry-After 5 s). The platform is busy or being updated; try again later, as the background refresh does.',
    5,
  ),
  imds(
    'IMDS failing',
    { kind: 'http-status', status: 500 },
    'Managed identity: IMDS answered with HTTP status 500. The platform is busy or being updated; try again later, as the background refresh does.',
    6,
  ),
  imds(
    'IMDS refusing',
    { kind: 'http-status', status: 403 },
    'Managed identity: IMDS answered with HTTP status 403. Check the managed identity of this machine or application and the scope of the resource.',
  ),
  imds(
    'a page in place of IMDS',
    { kind: 'html-page', status: 200 },
    'Managed identity: IMDS answered with HTTP status 200 without a token. Check what responds at that address: it does not behave like a managed identity endpoint.',
    6,
  ),
  imds(
    'broken JSON of IMDS',
    { kind: 'invalid-json' },
    'Managed identity: IMDS answered with HTTP status 200 without a token. Check what responds at that address: it does not behave like a managed identity endpoint.',
    6,
  ),
  {
    ...imds(
      'no answer of IMDS',
      { kind: 'hang-before-headers' },
      'Managed identity: IMDS took longer than 10000 ms. Check that this machine can reach it; the background refresh tries again.',
      2,
    ),
    hangs: true,
  },
  {
    ...imds(
      'a token of IMDS for another audience',
      { kind: 'wrong-audience' },
      'The credential returned a token for "https://management.azure.com" instead of "https://ossrdbms-aad.database.windows.net". Check the scopes of the resource.',
    ),
    resources: { postgres: {} },
  },
  {
    title: 'several scopes for a managed identity',
    configuration: identity(),
    resources: {
      graph: { scopes: ['https://graph.microsoft.com/.default', 'https://vault.azure.net/.default'] },
    },
    message:
      'Managed identity takes one scope for a token; 2 were given. Give one scope, such as "https://graph.microsoft.com/.default", and each other one a resource of its own.',
  },
  {
    title: 'a client id that the application on App Service does not have',
    configuration: identity({ clientId: other }),
    prepare: onAppService(),
    message:
      'Managed identity: the identity endpoint of App Service answered with HTTP status 400: No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId. Assign the identity with the clientId "99999999-9999-4999-8999-999999999999" to this machine or application, or correct the option "clientId".',
  },
  {
    title: 'a wrong header on App Service',
    configuration: identity(),
    prepare: onAppService({ IDENTITY_HEADER: 'another-header' }),
    message:
      'Managed identity: the identity endpoint of App Service answered with HTTP status 401: The X-IDENTITY-HEADER is missing or wrong. Check the managed identity of this machine or application and the scope of the resource.',
  },
  {
    title: 'an address of App Service that is none',
    configuration: identity(),
    prepare: onAppService({ IDENTITY_ENDPOINT: 'none' }),
    message:
      'Managed identity: the environment variable "IDENTITY_ENDPOINT" is not a URL. Unset it, or set it to an address such as "http://127.0.0.1:<port>/msi/token".',
  },
];
