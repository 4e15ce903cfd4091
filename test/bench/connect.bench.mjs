import { ClientSecretCredential } from '@azure/identity';
import { startLocalEntra } from 'nestjs-entra-auth/testing';
import pg from 'pg';

import { clientSecretOf, startApplication } from './application.mjs';
import { inPairs } from './paired.mjs';
import { atMost, atMostTimes } from './report.mjs';

const warmUpPairs = 40;
const pairs = 1_000;

/** A whole connection to a real PostgreSQL: connect, `select 1`, end. */
export async function run() {
  const entra = await startLocalEntra({ postgres: true });
  const ours = await startApplication({
    credential: () => new ClientSecretCredential(...clientSecretOf(entra)),
    resources: { postgres: {} },
  });
  const { host, port, database, username: user } = entra.postgres;
  const common = { host, port, database, user, ssl: { ca: entra.certificateAuthority } };
  const constant = (await ours.tokens.getToken('postgres')).token;
  const once = async (password) => {
    const start = process.hrtime.bigint();
    const client = new pg.Client({ ...common, password });
    await client.connect();
    await client.query('select 1');
    await client.end();
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  const passwords = { ours: ours.tokens.passwordProvider('postgres'), peer: constant };
  entra.requests.reset();
  const ms = await inPairs(
    { ours: () => once(passwords.ours), peer: () => once(passwords.peer) },
    { warmUpPairs, pairs },
  );
  const { token: requests } = entra.requests;
  await ours.close();
  await entra.stop();
  return [
    atMostTimes('connect/vs-constant-password', 'ms', ms.ours, ms.peer, 1.02),
    atMost('connect/token-requests', 'requests', requests, 0),
  ];
}
