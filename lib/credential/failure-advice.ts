import { errorText } from '../common/thrown.js';
import { findAadsts } from '../entra/aadsts.js';

export const checkResponder =
  'Check the authority host and any proxy in between: the response is not one of a token endpoint.';

const advices: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:ENOTFOUND|EAI_AGAIN)\b/,
    'Check the name of the authority host and the name resolution (DNS) of this machine.',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    'Check the authority host, and where DNS or a proxy leads it: the certificate belongs to another host.',
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_(?:HAS_EXPIRED|UNTRUSTED|NOT_YET_VALID)|ERR_TLS_CERT|self-signed certificate|unable to (?:verify|get)[a-z ]* certificate/i,
    'Give the certificate authority of the token endpoint, or of the proxy in between, as "certificateAuthority" or by NODE_EXTRA_CA_CERTS.',
  ],
  [
    /\b(?:ENOENT|EACCES|EPERM|EISDIR)\b/,
    'Check that the file exists and that this process may read it; it is read again.',
  ],
];
const checkNetwork =
  'Check that the token endpoint can be reached; try again later, as the background refresh does.';

/** Returns the remedy for a failure without an `AADSTS…` code. */
export function adviceFor(text: string, statusCode: number | undefined): string {
  if (statusCode === undefined) return advices.find(([sign]) => sign.test(text))?.[1] ?? checkNetwork;
  if (statusCode === 429) return 'The endpoint limits requests; the background refresh tries again later.';
  if (statusCode === 407) return 'Give the proxy the user name and password that it asks for.';
  if (statusCode >= 500) return 'The endpoint is unwell; the background refresh tries again later.';
  return 'Check the authority host, the tenant id and the scopes.';
}

// @azure/identity 4.13 only links to an explanation of the network, and 4.14 repeats page and headers.
const libraryText = /\b(?:network_error|unknown_error|endpoints_resolution_error):|no "expiresOn" property/;

/** Whether the library failed on a successful response that has neither a token nor a reason in it. */
export function isResponseWithoutToken(error: unknown, statusCode: number | undefined): boolean {
  if (statusCode === undefined || statusCode < 200 || statusCode > 299) return false;
  const text = errorText(error);
  return libraryText.test(text) && findAadsts(text) === undefined;
}
