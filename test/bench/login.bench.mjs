import { ClientSecretCredential } from '@azure/identity';
import { EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';
import { startLocalEntra } from 'nestjs-entra-auth/testing';
import pg from 'pg';

import { clientSecretOf, startApplication } from './application.mjs';
import { inPairs } from './paired.mjs';
import { atMostTimes } from './report.mjs';

const warmUpPairs = 100;
const pairs = 2_000;

/** A new connection of the pool that TypeORM gets, and of a plain pool that is given the same token as a string. */
export async function run() {
  const entra = await startLocalEntra({ postgres: true });
  const { host, port, database, username } = entra.postgres;
  const ssl = { ca: entra.certificateAuthority };
  const ours = await startApplication({
    credential: () => new ClientSecretCredential(...clientSecretOf(entra)),
    dataSource: { type: 'postgres', host, port, database, username, ssl },
  });
  const { driver, password } = await ours.application.get(EntraTypeOrmOptionsFactory).createTypeOrmOptions();
  const constant = (await ours.tokens.getToken('postgres')).token;
  const common = { host, port, database, user: username, max: 1, connectionTimeoutMillis: 15_000 };
  const pools = {
    ours: new driver.Pool({ ...common, ssl: { ...ssl, rejectUnauthorized: true }, password }),
    peer: new pg.Pool({ ...common, ssl: { ...ssl, rejectUnauthorized: true }, password: constant }),
  };
  const once = async (pool) => {
    const start = process.hrtime.bigint();
    const client = await pool.connect();
    const took = Number(process.hrtime.bigint() - start) / 1e6;
    const removed = new Promise((resolve) => pool.once('remove', resolve));
    client.release(true);
    await removed;
    return took;
  };
  const ms = await inPairs(
    { ours: () => once(pools.ours), peer: () => once(pools.peer) },
    { warmUpPairs, pairs },
  );
  await Promise.all(Object.values(pools).map((pool) => pool.end()));
  await ours.close();
  await entra.stop();
  return [atMostTimes('login/vs-plain-pool', 'ms', ms.ours, ms.peer, 1.02)];
}
