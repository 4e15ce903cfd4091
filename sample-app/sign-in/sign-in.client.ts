import { BadGatewayException, Injectable } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';
import type { SignInResponse } from 'nestjs-entra-auth/users';
import * as openid from 'openid-client';

import { userKeyOf } from '../callers/access-token.validator.js';
import { mailScope } from '../mail/mail.service.js';
import { Platform } from '../platform/platform.js';
import type { Registration } from '../platform/registration.js';
import type { PendingSignIn } from './pending-sign-in.cookie.js';

const scope = `openid profile offline_access ${mailScope}`;

const timeoutInSeconds = 10;

/** A person who has signed in. */
export interface SignedIn {
  userKey: string;
  response: SignInResponse;
}

/**
 * Signs people in by the authorization code flow with PKCE, with openid-client, which checks state, nonce and ID token.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
 */
@Injectable()
export class SignInClient {
  private found: Promise<openid.Configuration> | undefined;

  private readonly registration: Registration;
  private readonly fetch: openid.CustomFetch;

  constructor(
    { registration, fetch }: Platform,
    private readonly tokens: EntraTokenService,
  ) {
    if (registration === undefined) throw new TypeError('The platform has no registration.');
    this.registration = registration;
    this.fetch = (url, options) => fetch(url, options);
  }

  /** Where to send the browser, and what to compare when it comes back. */
  async begin(redirectUri: string): Promise<{ url: URL; pending: PendingSignIn }> {
    const configuration = await this.discovered();
    const pending = {
      state: openid.randomState(),
      nonce: openid.randomNonce(),
      verifier: openid.randomPKCECodeVerifier(),
    };
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url, pending };
  }

  /** @param callback the redirect URI, with what Entra has added to it */
  async complete(callback: URL, { state, nonce, verifier }: PendingSignIn): Promise<SignedIn> {
    const response = await openid.authorizationCodeGrant(await this.authenticated(), callback, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims: Record<string, unknown> = response.claims() ?? {};
    const userKey = userKeyOf(claims['tid'], claims['oid']);
    if (userKey === undefined) throw new BadGatewayException('Entra did not tell who has signed in.');
    return { userKey, response };
  }

  /** Read when it is first needed, and again after a failure. */
  private discovered(): Promise<openid.Configuration> {
    const { authorityHost, tenantId, clientId } = this.registration;
    const issuer = new URL(`${authorityHost}/${tenantId}/v2.0`);
    this.found ??= openid
      .discovery(issuer, clientId, undefined, openid.None(), {
        [openid.customFetch]: this.fetch,
        timeout: timeoutInSeconds,
      })
      .catch((error: unknown) => {
        this.found = undefined;
        throw error;
      });
    return this.found;
  }

  private async authenticated(): Promise<openid.Configuration> {
    const server = (await this.discovered()).serverMetadata();
    const { clientId } = this.registration;
    const authentication = await this.authentication();
    const configuration = new openid.Configuration(server, clientId, undefined, authentication);
    configuration[openid.customFetch] = this.fetch;
    configuration.timeout = timeoutInSeconds;
    return configuration;
  }

  /** On Azure by a token of the managed identity, which the library keeps fresh for the exchanges too. */
  private async authentication(): Promise<openid.ClientAuth> {
    const { clientSecret } = this.registration.client;
    if (clientSecret !== undefined) return openid.ClientSecretPost(clientSecret);
    const { token } = await this.tokens.getToken('users-client-assertion');
    return (_, { client_id: clientId }, body) => {
      body.set('client_id', clientId);
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      body.set('client_assertion', token);
    };
  }
}
