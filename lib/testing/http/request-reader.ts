import type { IncomingMessage } from 'node:http';
import type { EndpointRequest } from './endpoint.js';

const longestBody = 1_000_000;

/** Reads a request to its end. Rejects when the client goes away or sends more than a megabyte. */
export async function readRequest(message: IncomingMessage): Promise<EndpointRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new RangeError('The request body is too long.');
    chunks.push(chunk);
  }
  const url = new URL(message.url ?? '/', 'http://localhost');
  return {
    method: message.method ?? 'GET',
    // MSAL appends a slash to the path of IMDS.
    path: url.pathname.replace(/(?<=.)\/+$/, ''),
    query: url.searchParams,
    headers: message.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
