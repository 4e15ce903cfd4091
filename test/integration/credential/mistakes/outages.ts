import { breakNameLookup, leadEveryNameTo } from '../../faults/name-lookup.js';
import { secret, token, type Fault, type Mistake } from './mistake.js';

const answer = (title: string, fault: Fault, message: string, attempts?: number): Mistake => ({
  title,
  configuration: secret,
  prepare: token(fault),
  message,
  ...(attempts === undefined ? {} : { attempts }),
});

/** What becomes of the request on its way. */
export const outages: readonly Mistake[] = [
  {
    title: 'an unknown certificate authority',
    configuration: (ground) => secret(ground, { certificateAuthority: ground.foreignAuthority }),
    message:
      'unable to verify the first certificate. Give the certificate authority of the token endpoint, or of the proxy in between, as "certificateAuthority" or by NODE_EXTRA_CA_CERTS.',
    attempts: 6,
  },
  {
    title: 'a certificate for another host',
    configuration: (ground) =>
      secret(ground, { authorityHost: ground.entra.authorityHost.replace('localhost', 'login.example') }),
    prepare: () => leadEveryNameTo('127.0.0.1'),
    message:
      "Hostname/IP does not match certificate's altnames: Host: login.example. is not in the cert's altnames: DNS:localhost, IP Address:127.0.0.1. Check the authority host, and where DNS or a proxy leads it: the certificate belongs to another host.",
    attempts: 6,
  },
  {
    title: 'a name that does not exist',
    configuration: (ground) => secret(ground, { authorityHost: 'https://login.invalid' }),
    prepare: breakNameLookup,
    message:
      'getaddrinfo ENOTFOUND login.invalid. Check the name of the authority host and the name resolution (DNS) of this machine.',
    attempts: 6,
  },
  answer(
    'a refused connection',
    { kind: 'connection-refused' },
    'connect ECONNREFUSED 127.0.0.1:<port>. Check that the token endpoint can be reached; try again later, as the background refresh does.',
    6,
  ),
  answer(
    'a reset connection',
    { kind: 'connection-reset' },
    'read ECONNRESET. Check that the token endpoint can be reached; try again later, as the background refresh does.',
    6,
  ),
  {
    ...answer(
      'no answer',
      { kind: 'hang-before-headers' },
      'The token endpoint took longer than 10000 ms. Check that this machine can reach it; the request is repeated.',
      2,
    ),
    hangs: true,
  },
  {
    ...answer(
      'half an answer',
      { kind: 'hang-in-body' },
      'The token endpoint took longer than 10000 ms. Check that this machine can reach it; the request is repeated.',
      2,
    ),
    hangs: true,
  },
  answer(
    '429 with Retry-After',
    { kind: 'http-status', status: 429, retryAfter: 7 },
    'The endpoint answered with HTTP status 429 (Retry-After 7 s). The endpoint limits requests; the background refresh tries again later.',
    4,
  ),
  answer(
    '429 with a Retry-After beyond the start',
    { kind: 'http-status', status: 429, retryAfter: 3600 },
    'The endpoint answered with HTTP status 429 (Retry-After 3600 s). The endpoint limits requests; the background refresh tries again later.',
    1,
  ),
  answer(
    '500',
    { kind: 'http-status', status: 500 },
    'The endpoint answered with HTTP status 500. The endpoint is unwell; the background refresh tries again later.',
    6,
  ),
  answer(
    '503 with a page',
    { kind: 'html-page', status: 503 },
    'The endpoint answered with HTTP status 503. The endpoint is unwell; the background refresh tries again later.',
    6,
  ),
  answer(
    '404 with a page',
    { kind: 'html-page', status: 404 },
    'The endpoint answered with HTTP status 404. Check the authority host, the tenant id and the scopes.',
    6,
  ),
  answer(
    '407 of a proxy',
    { kind: 'http-status', status: 407 },
    'The endpoint answered with HTTP status 407. Give the proxy the user name and password that it asks for.',
    6,
  ),
  answer(
    '200 with a page',
    { kind: 'html-page', status: 200 },
    'The endpoint answered with HTTP status 200 but without a token. Check the authority host and any proxy in between: the response is not one of a token endpoint.',
    6,
  ),
  answer(
    '200 without a body',
    { kind: 'http-status', status: 200 },
    'The endpoint answered with HTTP status 200 but without a token. Check the authority host and any proxy in between: the response is not one of a token endpoint.',
    6,
  ),
  answer(
    '200 with broken JSON',
    { kind: 'invalid-json' },
    'The endpoint answered with HTTP status 200 but without a token. Check the authority host and any proxy in between: the response is not one of a token endpoint.',
    6,
  ),
  answer(
    '200 with the error of a gateway',
    { kind: 'entra-error', code: 7000215, status: 200 },
    'invalid_client: Error(s): 7000215 - Timestamp: <time> - Description: AADSTS7000215: Invalid client secret provided. <ids> - <ids> (HTTP status 200). Check the client secret: use its value, not its id.',
  ),
  {
    ...answer(
      'an authority that answers with pages',
      { kind: 'html-page', status: 200 },
      'The endpoint answered with HTTP status 200 but without a token. Check the authority host and any proxy in between: the response is not one of a token endpoint.',
      6,
    ),
    prepare: ({ entra }) => entra.faults.set('all', { kind: 'html-page', status: 200 }),
  },
];

/** What is wrong with the token itself. */
export const tokens: readonly Mistake[] = [
  answer(
    'a token that has expired',
    { kind: 'expired-token' },
    "The credential returned a token that had expired at <time> (now: <time>). Check the credential, its cache, and this machine's clock.",
    6,
  ),
  answer(
    'a token that has expired, of which the answer promises an hour',
    { kind: 'expired-token', claimedLifetimeInSeconds: 3600 },
    "The credential returned a token that had expired at <time> (now: <time>). Check the credential, its cache, and this machine's clock.",
    6,
  ),
  {
    ...answer(
      'a token for another audience',
      { kind: 'wrong-audience' },
      'The credential returned a token for "https://management.azure.com" instead of "https://ossrdbms-aad.database.windows.net". Check the scopes of the resource.',
    ),
    resources: { postgres: {} },
  },
  {
    ...answer(
      'an opaque token for a database',
      { kind: 'altered-response', members: { access_token: 'opaque' } },
      'The credential returned a token that cannot be decoded, where a JWT is expected. Check the credential that the resource uses.',
      6,
    ),
    resources: { postgres: {} },
  },
  answer(
    'a response without a token',
    { kind: 'altered-response', members: { access_token: undefined } },
    'The endpoint answered with HTTP status 200 but without a token. Check the authority host and any proxy in between: the response is not one of a token endpoint.',
    6,
  ),
];
