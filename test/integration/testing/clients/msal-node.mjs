import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import { enterCode, signIn } from './browser.mjs';

const { authorityHost, tenantId, web, device, username, redirectUri, database, api } = JSON.parse(
  process.argv[2] ?? '',
);
const authority = {
  authority: `${authorityHost}/${tenantId}`,
  knownAuthorities: [new URL(authorityHost).host],
};
const { clientId, clientSecret } = web;
const application = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...authority } });
const told = ({ accessToken, account, scopes, fromCache }) => ({
  accessToken,
  scopes,
  fromCache,
  username: account?.username,
});

async function withCode() {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { redirectUri, scopes: ['User.Read'] };
  const url = await application.getAuthCodeUrl({
    ...request,
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
  });
  const code = (await signIn(url, username)).searchParams.get('code') ?? '';
  return application.acquireTokenByCode({ ...request, code, codeVerifier: verifier });
}

async function onBehalfOf() {
  const phone = new PublicClientApplication({ auth: { clientId: device.clientId, ...authority } });
  const { accessToken } = await phone.acquireTokenByDeviceCode({
    scopes: [`${api}/access`],
    deviceCodeCallback: (codes) => enterCode(codes, username),
  });
  return application.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: [`${database}/.default`] });
}

const signedIn = await withCode();
const silent = await application.acquireTokenSilent({
  account: signedIn.account,
  scopes: [`${database}/.default`],
});
process.stdout.write(
  JSON.stringify({
    ofApplication: told(
      await application.acquireTokenByClientCredential({ scopes: [`${database}/.default`] }),
    ),
    withCode: told(signedIn),
    silent: told(silent),
    onBehalfOf: told(await onBehalfOf()),
  }),
);
