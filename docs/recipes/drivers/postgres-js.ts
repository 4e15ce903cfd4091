import { connect } from 'node:net';
import { Duplex } from 'node:stream';

import type { EntraTokenService } from 'nestjs-entra-auth';
import postgres from 'postgres';

import type { Server } from './server.js';

export function createPostgresJs(
  tokens: EntraTokenService,
  { host, port, database, user: username, ca }: Server,
  settings: postgres.Options<Record<string, postgres.PostgresType>> = {},
): postgres.Sql {
  const token = tokens.passwordProvider('postgres');
  let newest = '';
  // Takes the token before the connection: a `password` function that rejects is an unhandled rejection.
  const socket = async (): Promise<Duplex> => {
    try {
      newest = await token();
      return Object.assign(connect({ host, port }), { host });
    } catch (error) {
      return brokenBy(error as Error);
    }
  };
  const options = {
    connect_timeout: 15,
    // The default grows to 20 s, which an application would wait after an outage.
    backoff: () => 0.25,
    ...settings,
    host,
    port,
    database,
    username,
    // `host` makes Node compare an IP address, too. A mere `ssl: 'require'` verifies nothing.
    ssl: { rejectUnauthorized: true, host, ca },
    password: () => newest,
    socket,
  };
  return postgres(options);
}

/** Where a `socket` function rejects, postgres.js loses one of its connections for good; where a stream fails, none. */
function brokenBy(reason: Error): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(reason) });
}
