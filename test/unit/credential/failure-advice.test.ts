import { expect, it } from '@jest/globals';

import { isResponseWithoutToken } from '../../../lib/credential/failure-advice.js';

const network = 'network_error: See https://aka.ms/msal.js.errors#network_error for details';

it.each<[string, number | undefined, boolean]>([
  ['Response had no "expiresOn" property.', 200, true],
  [network, 200, true],
  [network, 299, true],
  ['unknown_error: Error(s): Not Available', 201, true],
  ['endpoints_resolution_error: could not resolve', 200, true],
  [network, 199, false],
  [network, 300, false],
  [network, 503, false],
  [network, undefined, false],
  ['invalid_client: AADSTS7000215: Invalid client secret.', 200, false],
  ['unknown_error: AADSTS90033: unavailable', 200, false],
  ['connect ECONNREFUSED', 200, false],
])('%j with status %p: %p', (message, status, expected) => {
  expect(isResponseWithoutToken(new Error(message), status)).toBe(expected);
});
