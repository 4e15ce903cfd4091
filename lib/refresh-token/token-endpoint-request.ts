import type { Timestamp } from '../common/clock.js';
import { isEntraAuthError, type EntraAuthError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import { TokenRequestFailedError } from '../entra/token-endpoint.error.js';
import { tokenEndpointErrorOf } from '../entra/token-error-response.js';
import { currentObservation, noteResponse } from '../entra/wire-observation.js';
import type { ClientAuthentication } from './client-authentication/client-authentication.js';
import { errorWithoutSecrets } from './error-without-secrets.js';
import { postForm, type FormResponse, type Transport } from './post-form.js';
import { ProxyError } from '../common/proxy-of-environment.js';
import type { TokenRequest } from './token-request.js';

/** What a grant adds to a request. */
export interface GrantParameters {
  parameters: Readonly<Record<string, string>>;
  /** Kept out of errors when the server repeats it. */
  secrets: readonly string[];
}

/** The application that asks, and how its requests travel. */
export interface TokenEndpointClient {
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  readonly transport: Transport;
}

/** A response of the token endpoint, of any status. */
export interface TokenEndpointResponse extends FormResponse {
  /** What the request contained, kept out of errors. */
  secrets: readonly string[];
  receivedAt: Timestamp;
}

/**
 * Sends one request to the token endpoint.
 *
 * @throws {InvalidClientError} when the client cannot authenticate
 * @throws {InsecureConnectionError | TokenRequestFailedError} when no response came
 */
export async function tokenEndpointRequest(
  grant: GrantParameters,
  { tenantId, tokenEndpoint, parameters }: Pick<TokenRequest, 'tenantId' | 'tokenEndpoint' | 'parameters'>,
  { clientId, authentication, transport }: TokenEndpointClient,
): Promise<TokenEndpointResponse> {
  const client = await authentication.authenticate({ tokenEndpoint, clientId, tenantId });
  const secrets = [...grant.secrets, ...client.secrets];
  const form = {
    url: new URL(tokenEndpoint),
    parameters: new URLSearchParams({ ...grant.parameters, ...parameters, ...client.parameters }),
    authorization: client.authorization,
  };
  try {
    const response = await postForm(form, transport);
    const receivedAt = transport.clock.now();
    noteResponse(currentObservation(), response, receivedAt);
    return { ...response, secrets, receivedAt };
  } catch (error) {
    throw networkErrorOf(error, secrets);
  }
}

/** @throws the error that callers get, unless the response grants a token */
export function refuseFailure(response: TokenEndpointResponse): void {
  if (response.status !== 200) throw tokenEndpointErrorOf(response, response.secrets, response.receivedAt);
}

/** @throws {TokenRequestFailedError} when the body is incomplete */
export function refuseBroken({ broken, secrets, status }: TokenEndpointResponse): void {
  if (broken !== undefined) throw networkErrorOf(broken, secrets, status);
}

function networkErrorOf(error: unknown, secrets: readonly string[], statusCode?: number): EntraAuthError {
  if (isEntraAuthError(error) && error.code === 'ENTRA_INSECURE_CONNECTION') return error;
  if (error instanceof ProxyError) {
    return new TokenRequestFailedError(error.problem, error.fix, { retryable: error.retryable });
  }
  const cause = errorWithoutSecrets(asError(error), secrets);
  const what = statusCode === undefined ? 'could not be reached' : 'ended its response early';
  const reason = cause.message === '' ? cause.name : cause.message.replace(/\.$/, '');
  return new TokenRequestFailedError(
    `The token endpoint ${what}: ${reason}.`,
    'Check the network, the authority host and, for a private certificate authority, "certificateAuthority" (`--ca-file` of the command).',
    { retryable: true, cause, statusCode },
  );
}
