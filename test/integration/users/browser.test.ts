import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { EntraAuthModule } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';
import { OnBehalfOf, UserChallengeFilter, type UserTokenCredential } from 'nestjs-entra-auth/users';
import { chromium, type Browser, type Page } from 'playwright-core';

import { describeWith, findProgram } from '../../support/installed-server.js';
import { assertionOf, makeCaller } from '../../support/users/callers.js';
import { userOptions } from '../../support/users/user-tokens.js';

@Controller()
class TokenController {
  @Get('token')
  async token(@OnBehalfOf() user: UserTokenCredential): Promise<unknown> {
    return { expires: (await user.getToken('graph')).expiresOnTimestamp };
  }
}

describeWith({ program: 'chromium', debianPackage: 'chromium' })('a page of another origin', () => {
  let entra: LocalEntra;
  let pages: Server;
  let browser: Browser;
  let page: Page;
  const applications: INestApplication[] = [];

  /** Starts an API. @returns the address of its route */
  const startApi = async (cors: object): Promise<string> => {
    @Module({
      imports: [EntraAuthModule.forRoot({ startup: 'lazy', users: userOptions(entra) })],
      controllers: [TokenController],
      providers: [{ provide: APP_FILTER, useClass: UserChallengeFilter }],
    })
    class AppModule {}
    const application = await NestFactory.create(AppModule, { logger: false });
    applications.push(application);
    application.enableCors(cors);
    await application.listen(0, '127.0.0.1');
    return `${await application.getUrl()}/token`;
  };
  /** Calls an API as the page does. */
  const call = (url: string, assertion: string) =>
    page.evaluate<{ status: number; challenge: string | null }>(
      `fetch(${JSON.stringify(url)}, { headers: { authorization: 'Bearer ${assertion}' } }).then((response) => ({
        status: response.status, challenge: response.headers.get('www-authenticate') }))`,
    );

  beforeAll(async () => {
    entra = await startLocalEntra({ tokenLifetimeInSeconds: 3600 });
    pages = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html>'),
    );
    await once(pages.listen(0, '127.0.0.1'), 'listening');
    // As root, as in a container, Chromium has no sandbox.
    const executablePath = findProgram('chromium') ?? '';
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    for (const application of applications) await application.close();
    await entra?.stop();
  });

  it('reads the claims of a challenge from the header that CORS exposes, and not without', async () => {
    const ada = makeCaller();
    const assertion = assertionOf(entra, ada);
    const exposing = await startApi({ exposedHeaders: ['WWW-Authenticate'] });
    const plain = await startApi({});
    for (const url of [exposing, plain])
      expect(await call(url, assertion)).toEqual({ status: 200, challenge: null });

    entra.signIns.refuse(ada.objectId, 50076);
    const another = assertionOf(entra, ada, { lifetimeInSeconds: 1_800 });
    const refused = await call(exposing, another);
    expect(refused).toEqual({
      status: 401,
      challenge: expect.stringContaining('error="insufficient_claims"') as unknown,
    });
    const [, claims = ''] = /claims="([^"]+)"/.exec(refused.challenge ?? '') ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64').toString())).toHaveProperty('access_token');
    expect(await call(plain, another)).toEqual({ status: 401, challenge: null });
  });
});
