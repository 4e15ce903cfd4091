import type { Context, Middleware } from '@microsoft/microsoft-graph-client';

/** Sends the requests of the Graph SDK by a `fetch` of the application. */
export class FetchHandler implements Middleware {
  constructor(private readonly send: typeof fetch) {}

  async execute(context: Context): Promise<void> {
    context.response = await this.send(context.request as string, context.options);
  }
}
