import type { IncomingMessage } from 'node:http';
import { request, type Agent, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { checkServerIdentity, type TLSSocket } from 'node:tls';

import type { Clock } from '../common/clock.js';
import { EntraTimeoutError, InsecureConnectionError } from '../common/entra-auth.error.js';
import { longestBodyInBytes } from '../common/json-object.js';
import { nothingInherited } from '../common/nothing-inherited.js';
import { ProxyAgent } from './proxy-agent.js';
import { proxyOfEnvironment } from '../common/proxy-of-environment.js';

/** What every request shares. */
export interface Transport {
  /** Certificate authorities as PEM. Default: those of Node. */
  ca: string | undefined;
  /** Default: a connection of its own for each request, through the proxy of the environment if there is one. */
  agent: Agent | undefined;
  /** Deadline over connecting, headers and body, in milliseconds. */
  timeoutInMs: number;
  clock: Clock;
  /** What a browser would send as `Origin`; only single-page applications send one. */
  origin: string | undefined;
  /**
   * Whether a request is sent anew, over a new connection, when a connection that an agent kept open turns out to be
   * closed. Only for requests that may arrive twice. Default: never.
   */
  repeatsOnStaleConnection?: () => boolean;
  /** Cuts requests off, also one that is about to be sent. Default: none is. */
  signal?: AbortSignal;
}

/** A connection that was kept open had been closed by the server. */
class StaleConnectionError extends Error {}

export interface FormRequest {
  url: URL;
  parameters: URLSearchParams;
  authorization: string | undefined;
}

export interface FormResponse {
  status: number;
  retryAfter: string | undefined;
  /** Header `Date`. */
  date: string | undefined;
  body: string;
  /** Why the body is incomplete; `undefined` for a complete body. */
  broken: Error | undefined;
}

/**
 * Posts a form. Nothing of it, not even a header, is sent before the server's certificate has been verified, whatever an
 * agent or `NODE_TLS_REJECT_UNAUTHORIZED` sets. Redirects are not followed: they would take the form elsewhere.
 *
 * @throws {InsecureConnectionError} when the server is not verified to be the one of the URL
 * @throws {EntraTimeoutError} when no headers came in time
 * @throws {ProxyError} when the proxy of the environment does not connect
 * @throws what the network throws, when no headers came
 */
export async function postForm(form: FormRequest, transport: Transport): Promise<FormResponse> {
  try {
    return await send(form, transport);
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error;
    return send(form, { ...transport, agent: undefined, repeatsOnStaleConnection: never });
  }
}

const never = (): boolean => false;

function send(form: FormRequest, transport: Transport): Promise<FormResponse> {
  const { agent, timeoutInMs, clock, repeatsOnStaleConnection = never } = transport;
  const body = Buffer.from(form.parameters.toString());
  return new Promise<FormResponse>((resolve, reject) => {
    const tunnel = agent === undefined ? tunnelTo(form.url) : undefined;
    const outgoing = request(form.url, requestOptions(form, transport, body.length, agent ?? tunnel));
    let incoming: IncomingMessage | undefined;
    let late: Error | undefined;
    const timer = clock.setTimeout(() => {
      late = new EntraTimeoutError('The token endpoint', timeoutInMs, 'The request is repeated.');
      (incoming ?? outgoing).destroy(late);
      // A request that waits for a connection ends with that.
      tunnel?.destroy();
    }, timeoutInMs);
    const settle = (outcome: () => void): void => {
      clock.clearTimeout(timer);
      tunnel?.destroy();
      outcome();
    };
    outgoing.on('error', (error) => {
      // After the headers the body is read: it may hold the new refresh token.
      if (incoming !== undefined) return;
      const isStale = outgoing.reusedSocket && late === undefined && repeatsOnStaleConnection();
      settle(() => reject(isStale ? new StaleConnectionError(error.message) : (late ?? error)));
    });
    outgoing.on('response', (response) => {
      incoming = response;
      void collect(response, () => late).then((whole) => settle(() => resolve(whole)));
    });
    whenVerified(outgoing, form.url.hostname, (fault) => {
      if (fault === undefined) outgoing.end(body);
      else outgoing.destroy(fault);
    });
  });
}

function requestOptions(
  { authorization }: FormRequest,
  { ca, origin, signal }: Transport,
  length: number,
  agent: Agent | undefined,
): RequestOptions {
  return {
    method: 'POST',
    agent: agent ?? false,
    ...nothingInherited,
    rejectUnauthorized: true,
    checkServerIdentity,
    ca,
    signal,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': length,
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(origin !== undefined && { origin }),
      ...(authorization !== undefined && { authorization }),
    },
  };
}

function tunnelTo(url: URL): ProxyAgent | undefined {
  const proxy = proxyOfEnvironment(url);
  return proxy === undefined ? undefined : new ProxyAgent(proxy);
}

function whenVerified(
  outgoing: ReturnType<typeof request>,
  hostname: string,
  proceed: (fault: Error | undefined) => void,
): void {
  outgoing.once('socket', (socket: Socket) => {
    if (!isTls(socket)) return proceed(notVerified('it is not encrypted'));
    const judge = (): void => proceed(faultOf(socket, hostname));
    // A connection that an agent kept open has completed its handshake.
    if (outgoing.reusedSocket || socket.authorized) judge();
    else socket.once('secureConnect', judge);
  });
}

/** The name that a connection was verified for: its certificate takes 0.15 ms to read, and stays the same. */
const verifiedNames = new WeakMap<TLSSocket, string>();

function faultOf(socket: TLSSocket, hostname: string): Error | undefined {
  if (!socket.authorized) return notVerified(String(socket.authorizationError));
  if (verifiedNames.get(socket) === hostname) return undefined;
  const mismatch = checkServerIdentity(hostname.replace(/^\[|\]$/g, ''), socket.getPeerCertificate());
  if (mismatch !== undefined) return notVerified(mismatch.message);
  verifiedNames.set(socket, hostname);
  return undefined;
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'authorized' in socket && 'getPeerCertificate' in socket;
}

function notVerified(why: string): InsecureConnectionError {
  return new InsecureConnectionError(
    `The connection to the token endpoint is not verified (${why}); nothing was sent.`,
    'Use an agent that verifies certificates, and give a private certificate authority as "certificateAuthority".',
  );
}

/** Reads the body as far as it arrives: a part of it may hold the refresh token. */
function collect(incoming: IncomingMessage, late: () => Error | undefined): Promise<FormResponse> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let broken: Error | undefined;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > longestBodyInBytes) {
        broken ??= new Error(`The body is larger than ${longestBodyInBytes} bytes.`);
        incoming.destroy();
      } else chunks.push(chunk);
    });
    incoming.on('error', (error) => (broken ??= late() ?? error));
    incoming.on('close', () => {
      if (!incoming.complete) broken ??= late() ?? new Error('The body broke off.');
      const { 'retry-after': retryAfter, date, 'content-encoding': encoding = 'identity' } = incoming.headers;
      if (encoding !== 'identity')
        broken ??= new Error(`It came in a compressed form (${encoding.slice(0, 40)}).`);
      resolve({
        status: incoming.statusCode ?? 0,
        retryAfter,
        date,
        body: Buffer.concat(chunks).toString('utf8'),
        broken,
      });
    });
  });
}
