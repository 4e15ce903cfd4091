import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EntraAuthModule, EntraTypeOrmOptionsFactory, type EntraAuthModuleOptions } from 'nestjs-entra-auth';
import { startLocalEntra, type LocalEntra, type LocalEntraOptions } from 'nestjs-entra-auth/testing';

import { SecretScan } from './secret-scan.js';

/** A Nest application that closes at the end of the scope. */
export type ScopedApp = TestingModule & AsyncDisposable;

/** A local Entra for the tests of one file, and applications with it, none of which may let a secret out. */
export class EndToEnd {
  /** Reads every line that the applications log, and what the tests add to it. */
  readonly scan = new SecretScan();
  #entra: LocalEntra | undefined;

  constructor(options: () => LocalEntraOptions) {
    const restore: (() => void)[] = [];
    beforeAll(async () => {
      restore.push(
        readStream(process.stdout, this.scan),
        readStream(process.stderr, this.scan),
        readConsole(this.scan),
      );
      this.#entra = await startLocalEntra(options());
      this.scan.protect({ 'client secret': this.entra.client.clientSecret });
    });
    afterAll(async () => {
      await this.#entra?.stop();
      for (const each of restore) each();
    });
  }

  /** Declares the last test of a file or of its part: nothing that was put out before holds a secret. */
  letsNoSecretOut(): void {
    it('lets no token and no secret out, in whatever it prints, throws and shows', () => {
      expect(this.scan.leaks()).toEqual([]);
      expect(this.scan.length).toBeGreaterThan(500);
    });
  }

  get entra(): LocalEntra {
    if (this.#entra === undefined) throw new Error('The local Entra has not been started.');
    return this.#entra;
  }

  /** An application that has booted as far as `init()`. */
  async boot(...imports: (DynamicModule | Type)[]): Promise<ScopedApp> {
    const app = await Test.createTestingModule({ imports }).setLogger(scannedLogger(this.scan)).compile();
    await app.init();
    return Object.assign(app, { [Symbol.asyncDispose]: () => app.close() });
  }

  /** An application with the module and its data source. */
  bootWithDatabase(options: EntraAuthModuleOptions): Promise<ScopedApp> {
    return this.boot(
      EntraAuthModule.forRoot(options),
      TypeOrmModule.forRootAsync({ useExisting: EntraTypeOrmOptionsFactory }),
    );
  }

  /** What a call that must fail throws. */
  async errorOf(promise: Promise<unknown>): Promise<unknown> {
    try {
      await promise;
    } catch (error) {
      this.scan.value('a thrown error', error);
      return error;
    }
    throw new Error('It did not fail.');
  }
}

/** Logs to the scan, and not to the terminal. */
function scannedLogger(scan: SecretScan): LoggerService {
  const log = (...said: unknown[]): void =>
    said.forEach((one) => scan.value('the log of the application', one));
  return { log, error: log, warn: log, debug: log, verbose: log, fatal: log };
}

function readStream(stream: NodeJS.WriteStream, scan: SecretScan): () => void {
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: []): boolean => {
    scan.text('output of the test', typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return write(chunk, ...rest);
  };
  return () => (stream.write = write);
}

// The console of the test runner keeps what it is told until the end of the file.
function readConsole(scan: SecretScan): () => void {
  const { console } = globalThis;
  const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
  const originals = methods.map((method) => [method, console[method].bind(console)] as const);
  for (const [method, original] of originals) {
    console[method] = (...said: unknown[]): void => {
      for (const one of said) scan.value('console of the test', one);
      original(...said);
    };
  }
  return () => originals.forEach(([method, original]) => (console[method] = original));
}
