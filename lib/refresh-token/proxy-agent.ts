import { request as requestInClear, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request as requestOverTls, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { nothingInherited } from '../common/nothing-inherited.js';
import { ProxyError } from '../common/proxy-of-environment.js';

// An error comes without a connection.
type Done = (error: Error | null, stream?: Duplex | null) => void;
type Callback = (error: Error | null, stream: Duplex) => void;

/**
 * Connects through an HTTP proxy by `CONNECT`, for one request. TLS is end to end: the proxy sees the name of the host.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export class ProxyAgent extends Agent {
  readonly #proxy: URL;
  #connecting: ClientRequest | undefined;

  constructor(proxy: URL) {
    super({ keepAlive: false, maxCachedSessions: 0 });
    this.#proxy = proxy;
  }

  /** Called by Node.js for a new connection. */
  override createConnection(options: RequestOptions, callback?: Callback): undefined {
    const done = callback as Done;
    const target = `${options.host ?? ''}:${options.port ?? 443}`;
    const connecting = this.#connect(target);
    this.#connecting = connecting;
    connecting.once('error', (error) => done(this.#unreachable(error)));
    connecting.once('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return done(this.#refusedWith(response.statusCode ?? 0));
      }
      done(null, super.createConnection({ ...options, socket } as RequestOptions));
    });
    connecting.end();
  }

  /** Ends the request, also while it connects. */
  override destroy(): void {
    this.#connecting?.destroy();
    super.destroy();
  }

  #connect(target: string): ClientRequest {
    const { protocol, hostname, port, username, password } = this.#proxy;
    const secure = protocol === 'https:';
    const credentials = `${decode(username)}:${decode(password)}`;
    return (secure ? requestOverTls : requestInClear)({
      ...nothingInherited,
      rejectUnauthorized: true,
      agent: false,
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : port,
      path: target,
      headers: {
        host: target,
        ...(credentials === ':'
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
  }

  #refusedWith(status: number): ProxyError {
    if (status === 407) {
      return new ProxyError(
        `The proxy ${this.#proxy.host} asks for its own user name and password (status 407).`,
        'Write them into the variable, as "http://user:password@proxy.example:8080", percent-encoded.',
      );
    }
    return new ProxyError(
      `The proxy ${this.#proxy.host} did not connect to the token endpoint (status ${status}).`,
      'Let the proxy connect to the authority host, or exempt that with NO_PROXY.',
      status >= 500,
    );
  }

  #unreachable(error: Error): ProxyError {
    const { code = error.name } = error as NodeJS.ErrnoException;
    return new ProxyError(
      `The proxy ${this.#proxy.host} of the environment could not be reached (${code}).`,
      'Check HTTPS_PROXY and the proxy, or exempt the authority host with NO_PROXY.',
      true,
    );
  }
}

/** Decodes a part of a URL; a part that is not encoded stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
