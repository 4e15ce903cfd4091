import type { Clock } from '../../common/clock.js';
import { withDeadline } from '../../common/deadline.js';
import { redactError } from '../../common/redaction.js';
import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { InvalidClientError } from '../../entra/invalid-client.error.js';
import type { TokenEndpointAddress } from '../token-endpoint-address.js';
import type { ClientAuthentication, ClientProof } from './client-authentication.js';

/** Makes a signed statement of who the client is, for one request. */
export type ClientAssertionCallback = (endpoint: TokenEndpointAddress) => string | Promise<string>;

/**
 * A client assertion as the parameters of a request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 */
export function assertionProof(clientId: string, assertion: string): ClientProof {
  return {
    parameters: {
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    },
    secrets: [assertion],
  };
}

/** An assertion that the application makes, such as the federated token of a workload. */
export function clientAssertion(
  callback: ClientAssertionCallback,
  timeoutInMs: number,
  clock: Clock,
): ClientAuthentication {
  const onTimeout = (): Error =>
    new EntraTimeoutError('The "clientAssertion" function', timeoutInMs, 'The request is repeated.');
  const call = async (endpoint: TokenEndpointAddress): Promise<string> => callback(endpoint);
  return {
    async prove(endpoint) {
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
        return assertionProof(endpoint.clientId, assertion);
      throw new InvalidClientError(
        'The "clientAssertion" function returned no assertion.',
        'Return a signed JWT as a string.',
      );
    },
  };
}
