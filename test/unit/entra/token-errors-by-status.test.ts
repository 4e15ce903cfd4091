import { expect, it } from '@jest/globals';

import { tokenEndpointErrorOf } from '../../../lib/entra/token-error-response.js';

const redirects = 'redirects are not followed';
const request = 'Check the authority host, the tenant id and the scopes.';

it.each<[number, string, string, boolean, string]>([
  [400, 'invalid_client', 'InvalidClientError', false, 'Check the client id'],
  [400, 'unauthorized_client', 'InvalidClientError', false, 'Check the client id'],
  [400, 'invalid_grant', 'ReauthenticationRequiredError', false, 'Sign in again'],
  [400, 'interaction_required', 'ReauthenticationRequiredError', false, 'Sign in again'],
  [400, 'consent_required', 'ReauthenticationRequiredError', false, 'Sign in again'],
  [400, 'login_required', 'ReauthenticationRequiredError', false, 'Sign in again'],
  [400, 'invalid_scope', 'TokenRequestFailedError', false, request],
  [400, 'temporarily_unavailable', 'TokenRequestFailedError', true, 'repeated'],
  [400, 'server_error', 'TokenRequestFailedError', true, 'repeated'],
  [400, 'slow_down', 'TokenRequestFailedError', true, 'repeated'],
  [408, '', 'TokenRequestFailedError', true, 'repeated'],
  [425, '', 'TokenRequestFailedError', true, 'repeated'],
  [429, '', 'TokenRequestFailedError', true, 'repeated'],
  [500, '', 'TokenRequestFailedError', true, 'repeated'],
  [499, '', 'TokenRequestFailedError', false, request],
  [299, '', 'TokenRequestFailedError', false, request],
  [300, '', 'TokenRequestFailedError', false, redirects],
  [399, '', 'TokenRequestFailedError', false, redirects],
  [400, '', 'TokenRequestFailedError', false, request],
])('%i with error %j is a %s, retryable %p', (status, error, name, retryable, remedy) => {
  const thrown = tokenEndpointErrorOf(
    { status, retryAfter: undefined, body: JSON.stringify({ error }) },
    [],
    0,
  );
  expect(thrown).toMatchObject({ name, retryable, statusCode: status });
  expect(thrown.fix).toContain(remedy);
  const given = error === '' ? `status ${status}` : `"${error}" (status ${status})`;
  expect(thrown.message).toBe(`The token endpoint refused with ${given}. ${thrown.fix}`);
});
