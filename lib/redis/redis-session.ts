import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls';

import { InsecureConnectionError } from '../common/entra-auth.error.js';
import { RedisLoginRefusedError } from './redis-login-refused.error.js';
import type { RedisLogin } from './redis-logins.js';

/** Where a connection goes, and by what it is verified. */
export interface RedisServerTarget {
  host: string;
  port: number;
  family?: number | undefined;
  /** `false` only where the application accepted that the token travels in the open. */
  tls: ConnectionOptions | false;
  verify: boolean;
}

/** A connection that is logged in. */
export interface RedisSession {
  readonly socket: Socket;
  /** The login of its last AUTH. */
  login: RedisLogin;
  /** By which other connections can unblock it; absent where the server does not tell. */
  readonly clientId: string | undefined;
}

/**
 * Connects, checks whom to, and logs in. The signal ends the connection at any point before that.
 *
 * @throws {InsecureConnectionError} before a token is sent to a server that is not verified
 * @throws {RedisLoginRefusedError} when the server refuses the token
 */
export async function openSession(
  target: RedisServerTarget,
  login: RedisLogin,
  signal: AbortSignal,
): Promise<RedisSession> {
  const socket = await openSocket(target, signal);
  try {
    checkSocket(socket, target);
    const [refusal, clientId] = await logIn(socket, login, signal);
    if (refusal !== undefined) {
      throw new RedisLoginRefusedError(`${target.host}:${target.port}`, login.username, refusal);
    }
    return { socket, login, clientId };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function openSocket(
  { host, port, family, tls, verify }: RedisServerTarget,
  signal: AbortSignal,
): Promise<Socket> {
  const target = { host, port, ...(family === undefined ? {} : { family }) };
  const socket =
    tls === false ? connectPlain(target) : connectTls({ ...target, ...tls, rejectUnauthorized: verify });
  // The client listens later, and only until its first error.
  socket.on('error', () => undefined);
  return untilSettled(socket, signal, (resolve) => {
    socket.once(tls === false ? 'connect' : 'secureConnect', () => resolve(socket));
    return () => undefined;
  });
}

/** Asks the socket itself. */
function checkSocket(socket: Socket, { host, verify }: RedisServerTarget): void {
  if (!verify || (socket instanceof TLSSocket && socket.authorized)) return;
  throw new InsecureConnectionError(
    `The connection to "${host}" is not verified TLS; no token was sent.`,
    'Give "tls": { ca } for a private certificate authority.',
  );
}

/** @returns the refusal, if it was refused, and the id of the connection */
function logIn(
  socket: Socket,
  login: RedisLogin,
  signal: AbortSignal,
): Promise<[string | undefined, string | undefined]> {
  const id = encodeCommand(['CLIENT', 'ID']);
  return untilSettled(socket, signal, (resolve) => {
    let received = '';
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      const [login = '', id] = received.split('\r\n').slice(0, -1);
      if (login.startsWith('-')) resolve([login.slice(1), undefined]);
      else if (id !== undefined) resolve([undefined, id.startsWith(':') ? id.slice(1) : undefined]);
    };
    socket.on('data', onData);
    socket.write(encodeAuth(login) + id);
    return () => {
      socket.pause();
      socket.off('data', onData);
    };
  });
}

/** Waits until `arm` resolves, the socket ends or the signal is aborted. What `arm` returns is called in any case. */
export function untilSettled<T>(
  socket: Socket,
  signal: AbortSignal,
  arm: (resolve: (value: T) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let failure: Error | undefined;
    const settle = (outcome: () => void): void => {
      socket.off('error', onError);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      disarm();
      outcome();
    };
    const onError = (error: Error): void => void (failure = error);
    const onClose = (): void =>
      settle(() => reject(failure ?? new Error('The server closed the connection.')));
    const onAbort = (): void => {
      socket.destroy();
      settle(() => reject(signal.reason as Error));
    };
    const disarm = arm((value) => settle(() => resolve(value)));
    socket.on('error', onError);
    socket.on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

export function encodeAuth({ username, token }: RedisLogin): string {
  return encodeCommand(['AUTH', username, token.token]);
}

/** A command as RESP writes it. @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export function encodeCommand(parts: readonly string[]): string {
  const bulks = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${bulks.join('')}`;
}
