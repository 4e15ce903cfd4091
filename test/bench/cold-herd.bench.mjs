import { ClientSecretCredential } from '@azure/identity';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { clientSecretOf, startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const scope = 'https://graph.microsoft.com/.default';
const callers = 10_000;

/** Ten thousand callers at once, and no token yet: how many requests reach the token endpoint. */
export async function run() {
  const entra = await startLocalEntra();
  const credential = () => new ClientSecretCredential(...clientSecretOf(entra));
  const ours = await startApplication({ credential, resources: { graph: {} }, startup: 'lazy' });
  const requestsOf = async (call) => {
    entra.requests.reset();
    await Promise.all(Array.from({ length: callers }, call));
    return entra.requests.token;
  };
  const peer = credential();
  const mine = await requestsOf(() => ours.tokens.getToken('graph'));
  const theirs = await requestsOf(() => peer.getToken(scope));
  await ours.close();
  await entra.stop();
  return [atMost('cold-herd/token-requests', 'requests', mine, 1, theirs)];
}
