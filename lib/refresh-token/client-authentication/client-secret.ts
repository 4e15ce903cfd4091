import type { ClientAuthentication } from './client-authentication.js';

/** Sends the secret in the body, as Entra's own libraries do. */
export function clientSecretPost(clientSecret: string): ClientAuthentication {
  return {
    authenticate: ({ clientId }) => ({
      parameters: { client_id: clientId, client_secret: clientSecret },
      secrets: [clientSecret],
    }),
  };
}

/**
 * Sends the secret in a header. Id and secret are form-encoded before they are joined.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export function clientSecretBasic(clientSecret: string): ClientAuthentication {
  return {
    authenticate: ({ clientId }) => {
      const pair = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
      return {
        parameters: {},
        authorization: `Basic ${pair}`,
        secrets: [clientSecret, formEncode(clientSecret), pair],
      };
    },
  };
}

/** @see https://url.spec.whatwg.org/#application/x-www-form-urlencoded */
function formEncode(value: string): string {
  return new URLSearchParams({ value }).toString().slice('value='.length);
}
