import * as client from 'openid-client';
import { enterCode, signIn } from './browser.mjs';

const { authorityHost, tenantId, web, device, username, redirectUri, database, api } = JSON.parse(
  process.argv[2] ?? '',
);
const issuer = new URL(`${authorityHost}/${tenantId}/v2.0`);
const config = await client.discovery(issuer, web.clientId, web.clientSecret);

async function withCode() {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access User.Read',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return client.authorizationCodeGrant(config, await signIn(url.href, username), checks);
}

async function withDevice() {
  const phone = await client.discovery(issuer, device.clientId, undefined, client.None());
  const codes = await client.initiateDeviceAuthorization(phone, { scope: `${api}/access` });
  enterCode({ verificationUri: codes.verification_uri, userCode: codes.user_code }, username);
  return client.pollDeviceAuthorizationGrant(phone, { ...codes, interval: 0.01 });
}

const signedIn = await withCode();
const subject = signedIn.claims()?.sub ?? '';
const { access_token: assertion } = await withDevice();
const onBehalfOf = await client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:jwt-bearer', {
  requested_token_use: 'on_behalf_of',
  scope: `${database}/.default`,
  assertion,
});
const scope = `${database}/.default`;
process.stdout.write(
  JSON.stringify({
    ofApplication: (await client.clientCredentialsGrant(config, { scope })).access_token,
    withCode: signedIn.access_token,
    userInfo: await client.fetchUserInfo(config, signedIn.access_token, subject),
    refreshed: (await client.refreshTokenGrant(config, signedIn.refresh_token ?? '', { scope })).access_token,
    onBehalfOf: onBehalfOf.access_token,
  }),
);
