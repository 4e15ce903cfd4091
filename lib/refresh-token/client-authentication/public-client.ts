import type { ClientAuthentication } from './client-authentication.js';

/** An application that can keep no secret: it only says its id. */
export const publicClient: ClientAuthentication = {
  prove: ({ clientId }) => ({ parameters: { client_id: clientId }, secrets: [] }),
};
