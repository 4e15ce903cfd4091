import { request as send } from 'node:https';
import { buffer } from 'node:stream/consumers';

const graphHosts = new Set(['graph.microsoft.com', 'graph.microsoft.us', 'microsoftgraph.chinacloudapi.cn']);

/** Stands in the place of the global `fetch` while it is started. */
export class InterceptedGraph implements Disposable {
  #replaced = globalThis.fetch;
  readonly #graphUrl: string;
  readonly #certificateAuthority: string;
  readonly #fetch: typeof fetch = (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    return graphHosts.has(hostname) ? this.#ask(new Request(input, init)) : this.#replaced(input, init);
  };

  constructor(graphUrl: string, certificateAuthority: string) {
    this.#graphUrl = graphUrl;
    this.#certificateAuthority = certificateAuthority;
  }

  start(): this {
    if (globalThis.fetch !== this.#fetch) this.#replaced = globalThis.fetch;
    globalThis.fetch = this.#fetch;
    return this;
  }

  /** Leaves another `fetch` that has been put in its place since. */
  [Symbol.dispose](): void {
    if (globalThis.fetch === this.#fetch) globalThis.fetch = this.#replaced;
  }

  /** By `node:https`: the `fetch` of Node.js learns of no authority once the process runs. */
  async #ask(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const options = {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      ca: this.#certificateAuthority,
      signal: request.signal,
    };
    return new Promise((resolve, reject) => {
      const asked = send(`${this.#graphUrl}${pathname}${search}`, options, (response) => {
        const { statusCode: status = 0 } = response;
        const headers = Object.entries(response.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        buffer(response).then((text) => resolve(new Response(text, { status, headers })), reject);
      });
      asked.once('error', reject).end(body);
    });
  }
}
