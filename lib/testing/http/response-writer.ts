import type { ServerResponse } from 'node:http';
import type { EndpointResponse } from './endpoint.js';

/** Sends the response, or with `afterHalf` only its headers and the first half of its body. */
export function writeResponse(
  to: ServerResponse,
  response: EndpointResponse,
  afterHalf?: 'then-hang' | 'then-cut',
): void {
  const { contentType, body } = serialize(response.body ?? '');
  to.writeHead(response.status, {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-store, no-cache',
    ...response.headers,
  });
  if (afterHalf === undefined) return void to.end(body);
  to.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
    if (afterHalf === 'then-cut') to.destroy();
  });
}

function serialize(body: object | string): { contentType: string; body: Buffer } {
  return typeof body === 'string'
    ? { contentType: 'text/plain; charset=utf-8', body: Buffer.from(body) }
    : { contentType: 'application/json; charset=utf-8', body: Buffer.from(JSON.stringify(body)) };
}
