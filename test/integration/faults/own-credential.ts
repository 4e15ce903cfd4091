import { request } from 'node:https';
import { text } from 'node:stream/consumers';

import type { AccessToken, TokenCredential } from 'nestjs-entra-auth';
import type { LocalEntra } from 'nestjs-entra-auth/testing';

/** Where it finds the token endpoint, and who it is. */
export type OwnCredentialOptions = Pick<LocalEntra, 'authorityHost' | 'tenantId' | 'certificateAuthority'> & {
  client: Pick<LocalEntra['client'], 'clientId' | 'clientSecret'>;
};

/**
 * A credential as a user may have written it: without cache and without deadline, deaf to the abort signal, and its
 * errors say no more than their message.
 */
export class OwnCredential implements TokenCredential {
  constructor(private readonly entra: OwnCredentialOptions) {}

  async getToken(scopes: string | string[]): Promise<AccessToken> {
    const { clientId, clientSecret } = this.entra.client;
    const { status, body } = await this.#post({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: [scopes].flat().join(' '),
    });
    if (status !== 200) throw new Error(`The token endpoint answered ${status}.`);
    const response = JSON.parse(body) as { access_token: string; expires_in: number };
    return { token: response.access_token, expiresOnTimestamp: Date.now() + response.expires_in * 1000 };
  }

  #post(parameters: Record<string, string>): Promise<{ status: number; body: string }> {
    const { authorityHost, tenantId, certificateAuthority: ca } = this.entra;
    return new Promise((resolve, reject) => {
      const url = `${authorityHost}/${tenantId}/oauth2/v2.0/token`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      request(url, { method: 'POST', headers, ca }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
        .on('error', reject)
        .end(new URLSearchParams(parameters).toString());
    });
  }
}
