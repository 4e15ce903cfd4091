import { formEncode } from '../form-encode.js';
import type { ClientAuthentication } from './client-authentication.js';

/** The secret in the body, as Entra's own libraries send it. */
export function clientSecretPost(clientSecret: string): ClientAuthentication {
  return {
    prove: ({ clientId }) => ({
      parameters: { client_id: clientId, client_secret: clientSecret },
      secrets: [clientSecret],
    }),
  };
}

/**
 * The secret in a header; id and secret are form-encoded before they are joined.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export function clientSecretBasic(clientSecret: string): ClientAuthentication {
  return {
    prove: ({ clientId }) => {
      const pair = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
      return {
        parameters: {},
        authorization: `Basic ${pair}`,
        secrets: [clientSecret, formEncode(clientSecret), pair],
      };
    },
  };
}
