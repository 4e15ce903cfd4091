import { errorText } from '../common/thrown.js';
import { findAadsts } from './aadsts.js';

export const checkAnswer =
  'Check the authority host, and what the network puts before it: that is not the answer of a token endpoint.';

// @azure/identity 4.13 only links to an explanation of the network, and 4.14 repeats page and headers.
const libraryText = /\b(?:network_error|unknown_error|endpoints_resolution_error):|no "expiresOn" property/;

/** Whether the library failed over a successful answer that has no token and no reason in it. */
export function isAnswerWithoutToken(error: unknown, statusCode: number | undefined): boolean {
  if (statusCode === undefined || statusCode < 200 || statusCode > 299) return false;
  const text = errorText(error);
  return libraryText.test(text) && findAadsts(text) === undefined;
}
