import { execFileSync } from 'node:child_process';

/** Signs in on the page behind an authorization URL, and gives the address that the browser is sent back to. */
export async function signIn(authorizationUrl, username) {
  const page = await fetch(authorizationUrl);
  if (!(await page.text()).includes('name="username"')) throw new Error(`No form at ${authorizationUrl}.`);
  const body = new URLSearchParams({ username });
  const response = await fetch(authorizationUrl, { method: 'POST', body, redirect: 'manual' });
  return new URL(response.headers.get('location') ?? '');
}

/** Enters the code of a device at once: MSAL does not wait for its callback, and asks again only after five seconds. */
export function enterCode({ verificationUri, userCode }, username) {
  const form = ['--data', `user_code=${userCode}`, '--data', `username=${username}`];
  execFileSync('curl', [
    '--silent',
    '--fail',
    '--cacert',
    process.env.NODE_EXTRA_CA_CERTS,
    ...form,
    verificationUri,
  ]);
}
