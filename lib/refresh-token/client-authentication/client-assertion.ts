import type { Clock } from '../../common/clock.js';
import { withDeadline } from '../../common/deadline.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { redactError } from '../../common/redaction.js';
import { InvalidClientError } from '../../entra/token-endpoint.error.js';
import type {
  ClientAuthentication,
  ClientParameters,
  TokenEndpointAddress,
} from './client-authentication.js';

/** Makes a client assertion, a signed JWT, for one request. */
export type ClientAssertionCallback = (endpoint: TokenEndpointAddress) => string | Promise<string>;

/**
 * Puts a client assertion into the parameters of a request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 */
export function assertionParameters(clientId: string, assertion: string): ClientParameters {
  return {
    parameters: {
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    },
    secrets: [assertion],
  };
}

/** Sends an assertion that the application makes, such as the federated token of a workload. */
export function clientAssertion(
  callback: ClientAssertionCallback,
  timeoutInMs: number,
  clock: Clock,
): ClientAuthentication {
  const onTimeout = (): Error =>
    new EntraTimeoutError('The "clientAssertion" function', timeoutInMs, 'The request is repeated.');
  const call = async (endpoint: TokenEndpointAddress): Promise<string> => callback(endpoint);
  return {
    async authenticate(endpoint) {
      let assertion: unknown;
      try {
        assertion = await withDeadline(call(endpoint), { timeoutInMs, clock, onTimeout });
      } catch (error) {
        const cause = redactError(error);
        if (cause instanceof EntraTimeoutError) throw cause;
        const problem = `The "clientAssertion" function failed: ${cause.message}.`;
        throw new InvalidClientError(problem, 'Check what it reads and calls; it is called again.', {
          cause,
        });
      }
      if (typeof assertion === 'string' && assertion !== '')
        return assertionParameters(endpoint.clientId, assertion);
      throw new InvalidClientError(
        'The "clientAssertion" function returned no assertion.',
        'Return a signed JWT as a string.',
      );
    },
  };
}
