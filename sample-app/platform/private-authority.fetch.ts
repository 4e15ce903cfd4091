import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';

/**
 * A `fetch` that trusts a certificate authority of one's own. The built-in one can only be told of one before the process
 * starts, by `NODE_EXTRA_CA_CERTS`.
 */
export function privateAuthorityFetch(certificateAuthority: string): typeof fetch {
  return async (input, init) => {
    const asked = new Request(input, init);
    const { url, method, headers, signal } = asked;
    const body = asked.body === null ? undefined : Buffer.from(await asked.arrayBuffer());
    const options = { method, headers: Object.fromEntries(headers), ca: certificateAuthority, signal };
    return new Promise((resolve, reject) => {
      request(url, options, (message) => {
        const seen = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
          (values ?? []).map((value): [string, string] => [name, value]),
        );
        buffer(message)
          .then((content) => {
            const response = new Response(content.length === 0 ? null : content, {
              status: message.statusCode ?? 0,
              headers: seen,
            });
            // By this address clients know a redirect to another host, which must not get the token.
            resolve(Object.defineProperty(response, 'url', { value: url }));
          })
          .catch(reject);
      })
        .on('error', reject)
        .end(body);
    });
  };
}
