import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';

export interface ReceivedForm {
  path: string;
  headers: IncomingHttpHeaders;
  form: Record<string, string>;
}

type Answer = (received: ReceivedForm, response: ServerResponse) => void | Promise<void>;

/** A token endpoint over real TLS that answers what a test tells it to, and notes what it was sent. */
export class ScriptedTokenServer {
  readonly received: ReceivedForm[] = [];
  #answer: Answer = (_, response) => void response.writeHead(500).end();
  #issued = 0;

  private constructor(
    private readonly server: Server,
    /** Its certificate authority as PEM. */
    readonly certificateAuthority: string,
  ) {}

  static async start(): Promise<ScriptedTokenServer> {
    const authority = new CertificateAuthority();
    const server = createServer(authority.issueServerCertificate());
    const scripted = new ScriptedTokenServer(server, authority.certificate);
    server.on('request', (request, response) => void scripted.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get authorityHost(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** The requests' refresh tokens, in order. */
  get redeemed(): (string | undefined)[] {
    return this.received.map(({ form }) => form['refresh_token']);
  }

  /** Answers every request like this from now on. */
  answer(answer: Answer): void {
    this.#answer = answer;
  }

  /** Answers with an object or a text as it is. */
  send(body: object | string, status = 200, headers: Record<string, string> = {}): void {
    this.answer((_, response) => sendBody(response, body, status, headers));
  }

  /** Answers as a server that replaces the refresh token at each use: `refresh-1`, `refresh-2` and so on. */
  rotate(changes: object = {}): void {
    this.#issued = 0;
    this.answer((_, response) => {
      const number = ++this.#issued;
      sendBody(response, { ...goodBody(number), ...changes }, 200);
    });
  }

  refuse(error: string, aadsts: number, status = 400): void {
    this.send(
      { error, error_description: `AADSTS${aadsts}: Said by the test.`, error_codes: [aadsts] },
      status,
    );
  }

  reset(): void {
    this.received.length = 0;
    this.rotate();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
    const received = { path: request.url ?? '', headers: request.headers, form };
    this.received.push(received);
    await this.#answer(received, response);
  }
}

export function goodBody(number: number): Record<string, unknown> {
  return {
    token_type: 'Bearer',
    expires_in: 3600,
    access_token: `access-${number}`,
    refresh_token: `refresh-${number}`,
  };
}

function sendBody(
  response: ServerResponse,
  body: object | string,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
