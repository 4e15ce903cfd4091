import {
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';

import { isEntraAuthError } from '../common/entra-auth.error.js';
import { asError } from '../common/thrown.js';
import type { ResolvedDashboardOptions } from './dashboard.options.js';
import { DashboardService } from './dashboard.service.js';
import { bounded } from './event-lines.js';
import { answer, answerJson, beginEvents, takeOver, type Exchange } from './exchange.js';
import { pageDocument, pagePolicy } from './page-document.js';

/** Header that the page sends with a button. A page of another origin cannot send it without being asked first. */
const ownHeader = 'x-entra-dashboard';

/** The routes of a dashboard, which have its path and its guard. */
export function dashboardController({ path, guard }: Pick<ResolvedDashboardOptions, 'path' | 'guard'>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(guard)
  class EntraDashboardController {
    constructor(@Inject(DashboardService) private readonly dashboard: DashboardService) {}

    @Get()
    page(@Req() request: unknown, @Res() response: unknown): void {
      const policy = { 'content-security-policy': pagePolicy };
      answer(takeOver(request, response), 200, 'text/html', pageDocument, policy);
    }

    @Get('state')
    state(@Req() request: unknown, @Res() response: unknown): void {
      answerJson(takeOver(request, response), 200, this.dashboard.live.state());
    }

    @Get('events')
    events(@Req() request: unknown, @Res() response: unknown): void {
      watch(takeOver(request, response), this.dashboard);
    }

    // A decorated `name` would go through the pipes of the application, which know nothing of its type.
    @Post('actions/:name')
    run(@Req() request: { params: { name: string } }, @Res() response: unknown): Promise<void> {
      return runAction(takeOver(request, response), this.dashboard, request.params.name);
    }
  }
  // What `ApiExcludeController()` of @nestjs/swagger sets: these routes are not part of the application's API.
  Reflect.defineMetadata('swagger/apiExcludeController', [true], EntraDashboardController);
  return EntraDashboardController;
}

function watch(exchange: Exchange, { live }: DashboardService): void {
  if (!live.acceptsWatchers) {
    const message = 'Too many pages are open, or the application shuts down. Try again later.';
    return answerJson(exchange, 503, { message });
  }
  beginEvents(exchange);
  if (exchange.request.method === 'HEAD') exchange.response.end();
  else live.watch(exchange.response);
}

async function runAction(
  exchange: Exchange,
  { live, extension }: DashboardService,
  name: string,
): Promise<void> {
  if (exchange.request.headers[ownHeader] === undefined) {
    return answerJson(exchange, 403, { message: `Send the header "${ownHeader}: 1".` });
  }
  try {
    const message = await extension.run(name);
    if (message === undefined) answerJson(exchange, 404, { message: 'There is no such action.' });
    else answerJson(exchange, 200, { message });
  } catch (error) {
    const status = isEntraAuthError(error) && error.code === 'ENTRA_TIMEOUT' ? 504 : 500;
    answerJson(exchange, status, { message: bounded(asError(error).message) });
  }
  live.refreshSoon();
}
