import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';

import type { Context, Middleware } from '@microsoft/microsoft-graph-client';

/**
 * Sends the requests of the Graph SDK to a server whose certificate comes from an authority of one's own. The built-in
 * `fetch`, which the SDK uses, can only be told of one before the process starts, by `NODE_EXTRA_CA_CERTS`.
 */
export class PrivateAuthorityHandler implements Middleware {
  constructor(private readonly certificateAuthority: string) {}

  async execute(context: Context): Promise<void> {
    const url = context.request as string;
    const { method = 'GET', headers, body, signal } = context.options ?? {};
    const options = {
      method,
      headers: headers as Record<string, string>,
      ca: this.certificateAuthority,
      ...(signal && { signal }),
    };
    context.response = await new Promise<Response>((resolve, reject) => {
      request(url, options, (message) => {
        const init = {
          status: message.statusCode ?? 0,
          headers: Object.entries(message.headersDistinct).flatMap(([name, values]) =>
            (values ?? []).map((value): [string, string] => [name, value]),
          ),
        };
        buffer(message)
          .then((content) => {
            const response = new Response(content.length === 0 ? null : content, init);
            // By this address the SDK knows a redirect to another host, which must not get the token.
            resolve(Object.defineProperty(response, 'url', { value: url }));
          })
          .catch(reject);
      })
        .on('error', reject)
        .end(body);
    });
  }
}
