import { fork } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { median } from './paired.mjs';
import { atLeastTimesFaster, atMost, atMostTimes, control } from './report.mjs';
import { startUsers } from './users-application.mjs';
import { createMsal, exchange, fill, versions } from './users-msal.mjs';
import { shared } from './users-shared.mjs';
import { assertionOf, idTokenOf, oidIn, oidOf, refreshTokenOf } from './users-tokens.mjs';

const range = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n);

/** Tokens of users, held and fetched, compared with the on-behalf-of flow of msal-node. */
export async function run() {
  const server = fork(new URL('users-server.mjs', import.meta.url));
  const [endpoint] = await once(server, 'message');
  const requests = async () => {
    server.send('requests');
    return (await once(server, 'message'))[0];
  };
  const results = [
    await eventLoop(endpoint),
    ...(await bytesPerUser(endpoint)),
    ...(await cached(endpoint)),
    ...(await shared(endpoint, requests)),
  ];
  server.disconnect();
  return results;
}

async function eventLoopOurs(endpoint) {
  const ours = await startUsers(endpoint);
  const call = (assertion) => ours.users.onBehalfOf(assertion).getToken('graph');
  await warmUp(call);
  const longest = await longestDelay(range(2_000).map(assertionOf), call);
  await ours.close();
  return longest;
}

/** Two thousand users who come at once: how long the event loop is held up. */
async function eventLoop(endpoint) {
  const mine = await eventLoopOurs(endpoint);
  const theirs = [];
  for (const version of versions) {
    const msal = createMsal(version, endpoint);
    await warmUp((assertion) => exchange(msal, assertion));
    theirs.push(await longestDelay(range(2_000).map(assertionOf), (assertion) => exchange(msal, assertion)));
  }
  return atMost('users/exchange-event-loop-max-ms', 'ms', mine, 50, Math.min(...theirs));
}

/** The application has run for a while: its code is compiled. */
async function warmUp(call) {
  for (const n of range(200, 900_000)) await call(assertionOf(n));
}

async function longestDelay(assertions, call) {
  globalThis.gc();
  await sleep(200);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(50);
  delay.reset();
  // The first interval after a reset is not recorded.
  await sleep(10);
  await Promise.all(assertions.map(call));
  await sleep(5);
  delay.disable();
  return delay.max / 1e6;
}

/**
 * What a user costs beyond the tokens, at a thousand users that were fetched: beyond the access token that callers get, and with
 * the peer's ID token and refresh token taken off as well.
 */
async function bytesPerUser(endpoint) {
  const mine = await weigh(endpoint);
  const theirs = [];
  for (const version of versions.keys()) theirs.push(await weigh(endpoint, version));
  const peer = Math.min(...theirs);
  const others = idTokenOf(oidOf(0)).length + refreshTokenOf(oidOf(0)).length;
  return [
    atMostTimes('users/bytes-per-user-vs-msal', 'bytes', mine, peer + others, 0.15),
    control('users/bytes-per-user-without-its-other-tokens', 'bytes', mine, peer),
  ];
}

/**
 * In a process without the optimizing compiler: its code counts as heap too, and comes to a quarter of a kilobyte for each of a
 * thousand users.
 */
async function weigh(endpoint, version) {
  const scales = fork(new URL('users-weigh.mjs', import.meta.url), { execArgv: ['--expose-gc', '--no-opt'] });
  scales.send({ endpoint, version });
  const [bytes] = await Promise.race([
    once(scales, 'message'),
    once(scales, 'exit').then(([code]) => Promise.reject(new Error(`The scales ended with ${code}.`))),
  ]);
  scales.disconnect();
  process.stderr.write(`bytes per user: ${bytes.map(Math.round).join(', ')}\n`);
  // The tables grow in one round of several, for all.
  return bytes.reduce((sum, one) => sum + one, 0) / bytes.length;
}

async function cached(endpoint) {
  const few = await holdUsers(endpoint, 10_000);
  const many = await holdUsers(endpoint, 100_000);
  const us = { few: [], many: [], held: [], hashOfFew: [], hashOfMany: [] };
  const credential = few.users.onBehalfOf(few.assertions[0]);
  for (let round = 0; round < 15; round++) {
    us.few.push(await timeOf(few));
    us.many.push(await timeOf(many));
    us.held.push(await timeOfHeld(credential));
    us.hashOfFew.push(await timeOfHash(few));
    us.hashOfMany.push(await timeOfHash(many));
  }
  const [ours, ofMany, held] = [us.few, us.many, us.held].map(median);
  const [hashOfFew, hashOfMany] = [us.hashOfFew, us.hashOfMany].map(median);
  const peers = [];
  for (const version of versions) peers.push(await timeOfMsal(version, endpoint, few.assertions));
  await few.close();
  await many.close();
  return [
    atLeastTimesFaster('users/cached-10000-vs-msal', 'us', ours, Math.min(...peers), 20_000),
    atMost('users/cached-10000', 'us', ours, 6),
    atMost('users/held-credential', 'us', held, 1.5),
    atMostTimes('users/cached-100000-vs-10000', 'us', ofMany, ours, 1.3),
    control('users/hash-of-100000-vs-10000', 'us', hashOfMany, hashOfFew),
  ];
}

async function holdUsers(endpoint, count) {
  const { users, close } = await startUsers(endpoint);
  const assertions = range(count).map(assertionOf);
  for (let from = 0; from < count; from += 500) {
    const batch = assertions.slice(from, from + 500);
    await Promise.all(batch.map((assertion) => users.onBehalfOf(assertion).getToken('graph')));
  }
  const { token } = await users.onBehalfOf(assertions[count - 1]).getToken('graph');
  if (oidIn(token) !== oidOf(count - 1) || users.state().users !== count)
    throw new Error('Not all are held.');
  return { users, close, assertions, at: 0 };
}

/** In microseconds a call, of users in an order that no cache of the processor foresees. */
async function timeOf(held) {
  const { users, assertions } = held;
  const calls = 20_000;
  const start = process.hrtime.bigint();
  for (let n = 0; n < calls; n++) {
    held.at = (held.at + 7_919) % assertions.length;
    await users.onBehalfOf(assertions[held.at]).getToken('graph');
  }
  return Number(process.hrtime.bigint() - start) / calls / 1e3;
}

/**
 * The control: what the hash alone takes, of the same assertions in an order of the same kind. Those of many users, 200 MB, have
 * to come from memory; in an application each has just come from a socket.
 */
async function timeOfHash(held) {
  const { assertions } = held;
  const calls = 20_000;
  const start = process.hrtime.bigint();
  for (let n = 0; n < calls; n++) {
    held.at = (held.at + 7_919) % assertions.length;
    await hash('sha256', assertions[held.at], 'binary');
  }
  return Number(process.hrtime.bigint() - start) / calls / 1e3;
}

async function timeOfHeld(credential) {
  const calls = 200_000;
  const start = process.hrtime.bigint();
  for (let n = 0; n < calls; n++) await credential.getToken('graph');
  return Number(process.hrtime.bigint() - start) / calls / 1e3;
}

async function timeOfMsal(version, endpoint, assertions) {
  const msal = createMsal(version, endpoint);
  await fill(msal, assertions);
  const samples = [];
  for (let n = 0; n < 10; n++) {
    const start = process.hrtime.bigint();
    await exchange(msal, assertions[(n * 7_919) % assertions.length]);
    samples.push(Number(process.hrtime.bigint() - start) / 1e3);
  }
  return median(samples);
}
