const advices: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:ENOTFOUND|EAI_AGAIN)\b/,
    'Check the name of the authority host and the name resolution (DNS) of this machine.',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    'Check the authority host, and where DNS or a proxy leads it: the certificate is that of another host.',
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

/** What to do about a failure that carries no AADSTS number. */
export function adviceFor(text: string, statusCode: number | undefined): string {
  if (statusCode === undefined) return advices.find(([sign]) => sign.test(text))?.[1] ?? checkNetwork;
  if (statusCode === 429) return 'The endpoint limits requests; the background refresh tries again later.';
  if (statusCode === 407) return 'Give the proxy the user name and password that it asks for.';
  if (statusCode >= 500) return 'The endpoint is unwell; the background refresh tries again later.';
  return 'Check the authority host, the tenant id and the scopes.';
}
