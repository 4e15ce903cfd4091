/** Weighs a thousand users, round by round, in this process: those of the module, or of a version of msal-node. */
import { setTimeout as sleep } from 'node:timers/promises';

import { startUsers } from './users-application.mjs';
import { createMsal, exchange, versions } from './users-msal.mjs';
import { accessTokenOf, assertionOf, idTokenOf, oidIn, refreshTokenOf } from './users-tokens.mjs';

const range = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n);
// The peer looks through all its users at each exchange: a round takes it half a minute.
const rounds = { ours: 9, peer: 3 };
const usersWeighed = 1_000;
const warmUps = 100;
/** What was weighed stays, and so do the assertions, or their end would be weighed too: 2 kB for each user. */
const weighed = [];

/** In one application: a new one for each round would cost its connection once more. */
async function ours(endpoint) {
  const { users } = await startUsers(endpoint);
  const add = async (assertion) => {
    const { token } = await users.onBehalfOf(assertion).getToken('graph');
    return token.length;
  };
  const bytes = [];
  for (const round of range(rounds.ours)) bytes.push(await growth(round, add));
  if (users.state().users !== rounds.ours * (warmUps + usersWeighed)) throw new Error('Not all are held.');
  return bytes;
}

async function peer(endpoint, version) {
  const bytes = [];
  for (const round of range(rounds.peer)) {
    const msal = createMsal(versions[version], endpoint);
    weighed.push(msal);
    const add = async (assertion) => {
      await exchange(msal, assertion);
      const oid = oidIn(assertion);
      return [accessTokenOf, idTokenOf, refreshTokenOf].reduce((sum, make) => sum + make(oid).length, 0);
    };
    bytes.push(await growth(round, add));
  }
  return bytes;
}

/** Each round has users that no round had before. */
async function growth(round, add) {
  const assertions = range(warmUps + usersWeighed, round * 10_000).map(assertionOf);
  weighed.push(assertions);
  // Fills what is allocated once.
  for (const assertion of assertions.slice(0, warmUps)) await add(assertion);
  const before = await heapUsed();
  let tokens = 0;
  for (const assertion of assertions.slice(warmUps)) tokens += await add(assertion);
  return ((await heapUsed()) - before - tokens) / usersWeighed;
}

/** What is left once nothing more goes: finalizers run between collections, and free what the next one takes. */
async function heapUsed() {
  let least = Infinity;
  for (let round = 0; round < 6; round++) {
    globalThis.gc();
    await sleep(5);
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

const { endpoint, version } = await new Promise((resolve) => process.once('message', resolve));
const bytes = version === undefined ? await ours(endpoint) : await peer(endpoint, version);
// The first round fills what is filled once.
process.send(bytes.slice(1));
process.once('disconnect', () => process.exit(0));
