import { isIP } from 'node:net';
import { checkServerIdentity, connect } from 'node:tls';

import { EntraTimeoutError } from '../../common/entra-auth.error.js';
import { asError } from '../../common/thrown.js';
import { readClaims } from '../../entra/json-web-token.js';
import { RedisLoginRefusedError } from '../../redis/redis-login-refused.error.js';
import type { DoctorContext } from './doctor-context.js';
import type { Address } from './doctor.settings.js';
import { failed, ok, type Finding } from './finding.js';

const timeoutInMs = 5_000;
const longestReply = 1_024;

/** Logs in to Redis with a token for it, as the object id in that token. */
export async function checkRedis(context: DoctorContext, { host, port }: Address): Promise<Finding[]> {
  const server = `${host}:${port}`;
  try {
    const { engine } = context.assemble({ resources: { redis: {} } });
    const { token } = await engine.refresh('redis');
    const oid = readClaims(token)?.oid;
    const username = typeof oid === 'string' ? oid : '';
    const reply = await authenticate(context, { host, port }, username, token);
    if (!reply.startsWith('+OK')) throw new RedisLoginRefusedError(server, username, firstWord(reply));
    return [ok('redis', `${server} accepts the token of the user "${username}".`)];
  } catch (error) {
    return [
      failed('redis', error, 'Check the host and the port of Redis, its firewall and its certificate.'),
    ];
  }
}

/** The code of an error reply, which repeats nothing of the login. */
function firstWord(reply: string): string {
  return /^-([A-Z]+)/.exec(reply)?.[1] ?? 'an answer that Redis does not give';
}

function authenticate(
  { settings }: DoctorContext,
  { host, port }: Address,
  username: string,
  token: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const ca = settings.ca === undefined ? {} : { ca: settings.ca };
    const socket = connect({
      checkServerIdentity,
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: true,
      ...ca,
    });
    let reply = '';
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(timeoutInMs, () =>
      end(() => reject(new EntraTimeoutError('Redis', timeoutInMs, 'Check the host and the port.'))),
    );
    socket.once('error', (error) => end(() => reject(asError(error))));
    socket.once('secureConnect', () => socket.write(command('AUTH', username, token)));
    socket.on('data', (data: Buffer) => {
      reply += data.toString('latin1');
      if (reply.includes('\r\n') || reply.length > longestReply) end(() => resolve(reply));
    });
    socket.once('close', () => end(() => reject(new Error(`${host}:${port} closed the connection`))));
  });
}

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function command(...parts: string[]): string {
  return [`*${parts.length}`, ...parts.flatMap((part) => [`$${Buffer.byteLength(part)}`, part]), ''].join(
    '\r\n',
  );
}
