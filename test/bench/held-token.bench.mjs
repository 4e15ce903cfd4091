import { ClientSecretCredential, getBearerTokenProvider } from '@azure/identity';
import { startLocalEntra } from 'nestjs-entra-auth/testing';

import { clientSecretOf, instantCredential, resources, startApplication } from './application.mjs';
import { inTurn } from './paired.mjs';
import { atLeastTimesFaster, atMostTimes } from './report.mjs';

const scope = 'https://graph.microsoft.com/.default';
const manyResources = 10_000;
const asked = 64;

/** A token that is held: ours, the peers' caches, and the least that any cache can cost. */
export async function run() {
  return [...(await besidePeers()), await oneAndMany()];
}

async function besidePeers() {
  const entra = await startLocalEntra();
  const credential = new ClientSecretCredential(...clientSecretOf(entra));
  const ours = await startApplication({
    credential: () => new ClientSecretCredential(...clientSecretOf(entra)),
    resources: { graph: {} },
  });
  const provider = getBearerTokenProvider(credential, scope);
  const map = new Map([['graph', await credential.getToken(scope)]]);
  await provider();
  const ns = await inTurn({
    ours: () => ours.tokens.getToken('graph'),
    credential: () => credential.getToken(scope),
    provider: () => provider(),
    map: () => Promise.resolve(map.get('graph')),
  });
  await ours.close();
  await entra.stop();
  return [
    atLeastTimesFaster('held-token/vs-client-secret-credential', 'ns', ns.ours, ns.credential, 100),
    atLeastTimesFaster('held-token/vs-bearer-token-provider', 'ns', ns.ours, ns.provider, 20),
    atMostTimes('held-token/vs-resolved-map', 'ns', ns.ours, ns.map, 3),
  ];
}

async function oneAndMany() {
  const few = resources(1);
  const all = resources(manyResources);
  const one = await startApplication({ credential: instantCredential, resources: few });
  const many = await startApplication({ credential: instantCredential, resources: all });
  // The names are property keys, as literals in an application's code are: one string each for the engine of JavaScript.
  const sameName = Array.from({ length: asked }, () => Object.keys(few)[0]);
  const names = Object.keys(all).filter((_, n) => n % Math.ceil(manyResources / asked) === 0);
  let turn = 0;
  const ns = await inTurn({
    one: () => one.tokens.getToken(sameName[turn++ % asked]),
    many: () => many.tokens.getToken(names[turn++ % asked]),
  });
  await one.close();
  await many.close();
  return atMostTimes('held-token/10000-resources-vs-1', 'ns', ns.many, ns.one, 1.5);
}
