import { Writable } from 'node:stream';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger as NestLogger } from '@nestjs/common';
import { EntraAuthModule } from 'nestjs-entra-auth';
import { Logger, LoggerModule } from 'nestjs-pino';

import { ManualClock } from '../../../lib/testing/manual-clock.js';
import { FakeCredential } from '../../support/fake-credential.js';

afterEach(() => void NestLogger.overrideLogger(false));

describe('an application that logs with nestjs-pino', () => {
  it('gets the fields of each event, and the line as the message', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const credential = new FakeCredential(clock.now);
    const lines: Record<string, unknown>[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        for (const line of chunk.toString().trim().split('\n')) lines.push(JSON.parse(line) as never);
        done();
      },
    });

    @Module({
      imports: [
        LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, stream] }),
        EntraAuthModule.forRoot({ credential, clock, resources: { graph: {} } }),
      ],
    })
    class AppModule {}

    const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
    app.useLogger(app.get(Logger));
    credential.fail('AADSTS7000222: The provided client secret keys are expired.');
    await clock.advance(1_860_000);
    await app.close();

    const ours = lines.filter(({ context }) => context === 'EntraAuth');
    expect(ours.find(({ event }) => event === 'entra.acquired')).toMatchObject({
      level: 20,
      resource: 'graph',
      expiresAt: '2026-01-01T01:00:00.000Z',
      msg: 'The access token of "graph" was acquired; it expires at 2026-01-01T01:00:00.000Z.',
    });
    expect(ours.find(({ event }) => event === 'entra.refresh-failed')).toMatchObject({
      level: 50,
      resource: 'graph',
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      aadsts: 7000222,
      retryable: false,
      consecutiveFailures: 1,
      fix: 'The client secret has expired; create a new one.',
      msg: expect.stringContaining('AADSTS7000222'),
    });
    expect(ours.find(({ event }) => event === 'entra.credential-expired')).toMatchObject({
      level: 50,
      kind: 'secret',
    });
  });
});
