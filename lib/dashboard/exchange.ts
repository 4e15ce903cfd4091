import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request and its response, as Node.js has them. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** What Fastify passes to a handler. */
interface FastifyReply {
  raw: ServerResponse;
  /** Leaves the response to the handler. */
  hijack(): void;
}

/** Takes the response over from Express or Fastify, so that nothing of the application alters or buffers it. */
export function takeOver(request: unknown, response: unknown): Exchange {
  if (!isFastifyReply(response)) {
    return { request: request as IncomingMessage, response: response as ServerResponse };
  }
  response.hijack();
  return { request: (request as { raw: IncomingMessage }).raw, response: response.raw };
}

function isFastifyReply(response: unknown): response is FastifyReply {
  return typeof response === 'object' && response !== null && 'hijack' in response;
}

const commonHeaders = {
  // `no-transform` keeps compression from holding events back.
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Answers with a text that nothing caches. */
export function answer(
  { response }: Exchange,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const head = { ...commonHeaders, 'content-type': `${type}; charset=utf-8`, ...headers };
  response.writeHead(status, { ...head, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}

export function answerJson(exchange: Exchange, status: number, body: object): void {
  answer(exchange, status, 'application/json', JSON.stringify(body), {
    'content-security-policy': "default-src 'none'",
  });
}

/** Begins a response of server-sent events. */
export function beginEvents({ response }: Exchange): void {
  response.writeHead(200, {
    ...commonHeaders,
    'content-type': 'text/event-stream; charset=utf-8',
    // Reverse proxies such as nginx buffer a response otherwise.
    'x-accel-buffering': 'no',
  });
}
