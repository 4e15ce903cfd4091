/**
 * Something that goes wrong on the way: the endpoint answers otherwise than it would, or not at all.
 *
 * - `http-status`: this status; 429 and 503 often with `retryAfter`, in seconds or as an HTTP date.
 * - `entra-error`: the JSON that Entra sends, for an AADSTS code. Codes that the local Entra knows bring their own
 *   `error`, `status`, description, `suberror` and `claims`; for others they are `invalid_grant`, 400 and a general
 *   sentence.
 *   With `status: 200` it is the OAuth error in a successful response that some gateways produce.
 * - `connection-refused`: no server listens. Lasts until cleared: a request that never arrives cannot be counted.
 * - `connection-reset`: the connection is cut with a TCP reset when the request has arrived.
 * - `hang-before-headers`, `hang-in-body`: no answer, or the first half of the right one, until the client gives up.
 * - `hang-after-processing`: no answer either, but unlike with `hang-before-headers` the request has been carried out:
 *   a refresh token has been used and its successor exists.
 * - `cut-in-body`: the request has been carried out, and the connection ends after the first half of the right answer.
 * - `invalid-json`: status 200 and JSON that ends in the middle.
 * - `html-page`: the error page of a proxy in between; `status` defaults to 502.
 */
export type ResponseFault =
  | {
      kind: 'http-status';
      status: number;
      retryAfter?: number | string;
      headers?: Record<string, string>;
      body?: object | string;
    }
  | {
      kind: 'entra-error';
      code: number;
      error?: string;
      status?: number;
      description?: string;
      suberror?: string;
      claims?: string;
    }
  | { kind: 'connection-refused' }
  | { kind: 'connection-reset' }
  | { kind: 'hang-before-headers' }
  | { kind: 'hang-in-body' }
  | { kind: 'hang-after-processing' }
  | { kind: 'cut-in-body' }
  | { kind: 'invalid-json' }
  | { kind: 'html-page'; status?: number };

/**
 * A successful response with something wrong in the token.
 *
 * - `expired-token`: `exp` is a minute in the past. The response claims it too, unless `claimedLifetimeInSeconds` makes it
 *   promise a life that the token does not have.
 * - `same-token`: the newest token of this client and resource again until it ends, as IMDS does from its own cache.
 * - `wrong-audience`: a token for another API, by default Azure Resource Manager.
 * - `huge-token`: at least `minimumLength` characters, 7,500 by default, as with many group memberships.
 */
export type TokenFault =
  | { kind: 'expired-token'; claimedLifetimeInSeconds?: number }
  | { kind: 'same-token' }
  | { kind: 'wrong-audience'; audience?: string }
  | { kind: 'huge-token'; minimumLength?: number };

/**
 * A successful response of the token endpoint with something wrong other than the access token.
 *
 * - `mismatched-id-token`: an ID token, also without `openid` in the scopes, with a foreign `nonce`, a foreign `aud` or the
 *   signature of a foreign key.
 * - `missing-refresh-token`, `same-refresh-token`: no refresh token, or the one that was used; it stays valid, also where
 *   each is good for one use.
 * - `string-numbers`: every number is a string.
 * - `altered-response`: these members are added or replaced, and `undefined` takes one away.
 */
export type GrantFault =
  | { kind: 'mismatched-id-token'; wrong: 'nonce' | 'audience' | 'signature' }
  | { kind: 'missing-refresh-token' }
  | { kind: 'same-refresh-token' }
  | { kind: 'string-numbers' }
  | { kind: 'altered-response'; members: Readonly<Record<string, unknown>> };

/** What can go wrong at an endpoint of the local Entra. */
export type Fault = ResponseFault | TokenFault | GrantFault;

const tokenFaultKinds: ReadonlySet<string> = new Set<TokenFault['kind']>([
  'expired-token',
  'same-token',
  'wrong-audience',
  'huge-token',
]);

const grantFaultKinds: ReadonlySet<string> = new Set<GrantFault['kind']>([
  'mismatched-id-token',
  'missing-refresh-token',
  'same-refresh-token',
  'string-numbers',
  'altered-response',
]);

/** Whether the fault lies in the access token rather than in the response. */
export function isTokenFault(fault: Fault): fault is TokenFault {
  return tokenFaultKinds.has(fault.kind);
}

/** Whether the fault lies in a successful response of the token endpoint, outside the access token. */
export function isGrantFault(fault: Fault): fault is GrantFault {
  return grantFaultKinds.has(fault.kind);
}
