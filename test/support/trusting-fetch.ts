import { request as send, type RequestOptions } from 'node:https';
import { buffer } from 'node:stream/consumers';

/** Makes a `fetch` that trusts a private authority, which that of Node cannot learn about once the process runs. */
export function trustingFetch(certificateAuthority: string): typeof fetch {
  return async (input, init) => {
    const { url, method, headers, body } = new Request(input, init);
    if (body !== null) throw new TypeError('trustingFetch() sends no body.');
    return answerOf(url, { method, headers: Object.fromEntries(headers), ca: certificateAuthority });
  };
}

function answerOf(url: string, options: RequestOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      const seen = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
      buffer(response).then((body) => resolve(new Response(body, { status, headers: seen })), reject);
    });
    request.once('error', reject).end();
  });
}
