/** What Entra sends with an AADSTS code. */
export interface AadstsDefaults {
  error: string;
  status: number;
  description: string;
  /** What the user has to do, where Entra says so. */
  suberror?: string;
}

const unknownCode: AadstsDefaults = {
  error: 'invalid_request',
  status: 400,
  description: 'The request was refused.',
};

const codes: Readonly<Record<number, AadstsDefaults>> = {
  50013: { error: 'invalid_client', status: 401, description: 'Assertion failed signature validation.' },
  50027: { error: 'invalid_request', status: 400, description: 'JWT token is invalid or malformed.' },
  50034: {
    error: 'invalid_grant',
    status: 400,
    description: 'The user account does not exist in the directory.',
  },
  50057: { error: 'invalid_grant', status: 400, description: 'The user account is disabled.' },
  50076: {
    error: 'interaction_required',
    status: 400,
    description:
      'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
    suberror: 'basic_action',
  },
  50173: {
    error: 'invalid_grant',
    status: 400,
    description: 'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
  },
  50196: {
    error: 'invalid_grant',
    status: 400,
    description: 'The server terminated an operation because it encountered a client request loop.',
  },
  53003: {
    error: 'invalid_grant',
    status: 400,
    description: 'Access has been blocked by Conditional Access policies.',
  },
  65001: {
    error: 'invalid_grant',
    status: 400,
    description: 'The user or administrator has not consented to use the application.',
    suberror: 'consent_required',
  },
  70000: {
    error: 'invalid_grant',
    status: 400,
    description: 'Provided grant is invalid or malformed.',
  },
  70003: {
    error: 'unsupported_grant_type',
    status: 400,
    description: 'The app requested an unsupported grant type.',
  },
  70011: {
    error: 'invalid_scope',
    status: 400,
    description: "The provided request must include a 'scope' input parameter.",
  },
  90002: { error: 'invalid_request', status: 400, description: 'Tenant not found.' },
  90033: {
    error: 'temporarily_unavailable',
    status: 503,
    description: 'A transient error has occurred. Please try again.',
  },
  500011: {
    error: 'invalid_resource',
    status: 400,
    description: 'The resource principal was not found in the tenant.',
  },
  700016: {
    error: 'unauthorized_client',
    status: 400,
    description: 'Application was not found in the directory.',
  },
  700021: {
    error: 'invalid_client',
    status: 401,
    description: "Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  700023: {
    error: 'invalid_client',
    status: 401,
    description: 'Client assertion audience claim does not match Realm issuer.',
  },
  700024: {
    error: 'invalid_client',
    status: 401,
    description: 'Client assertion is not within its valid time range.',
  },
  700027: {
    error: 'invalid_client',
    status: 401,
    description:
      'The certificate with identifier used to sign the client assertion is not registered on application.',
  },
  700081: {
    error: 'invalid_grant',
    status: 400,
    description: 'The refresh token has expired due to maximum lifetime.',
  },
  700082: {
    error: 'invalid_grant',
    status: 400,
    description: 'The refresh token has expired due to inactivity.',
  },
  700084: {
    error: 'invalid_grant',
    status: 400,
    description:
      'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.',
  },
  700211: {
    error: 'invalid_client',
    status: 401,
    description: 'No matching federated identity record found for presented assertion issuer.',
  },
  700212: {
    error: 'invalid_client',
    status: 401,
    description: 'No matching federated identity record found for presented assertion audience.',
  },
  700213: {
    error: 'invalid_client',
    status: 401,
    description: 'No matching federated identity record found for presented assertion subject.',
  },
  900144: { error: 'invalid_request', status: 400, description: 'The request body is missing a parameter.' },
  900561: { error: 'invalid_request', status: 400, description: 'The endpoint only accepts POST requests.' },
  1002012: { error: 'invalid_scope', status: 400, description: 'The provided value for scope is not valid.' },
  7000215: { error: 'invalid_client', status: 401, description: 'Invalid client secret provided.' },
  7000218: {
    error: 'invalid_client',
    status: 401,
    description:
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  9002313: {
    error: 'invalid_request',
    status: 400,
    description: 'Invalid request. Request is malformed or invalid.',
  },
  7000222: {
    error: 'invalid_client',
    status: 401,
    description: 'The provided client secret keys are expired.',
  },
};

/** The `error`, status and description that Entra sends with a code, or general ones for a code not known here. */
export function aadstsDefaults(code: number): AadstsDefaults {
  return codes[code] ?? unknownCode;
}
