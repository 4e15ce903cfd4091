import { Logger } from '@nestjs/common';

type Level = 'debug' | 'log' | 'warn' | 'error';

/** The part of Nest's `Logger` that is used here. */
export type LineLogger = Pick<Logger, Level>;

let hasThrown = false;

/** Nest's logger, which applications replace: one that throws loses its line and nothing else. */
export class GuardedLogger implements LineLogger {
  readonly #logger: LineLogger;

  constructor(logger: LineLogger = new Logger('EntraAuth')) {
    this.#logger = logger;
  }

  debug(line: string): void {
    this.#write('debug', line);
  }

  log(line: string): void {
    this.#write('log', line);
  }

  warn(line: string): void {
    this.#write('warn', line);
  }

  error(line: string): void {
    this.#write('error', line);
  }

  #write(level: Level, line: string): void {
    try {
      this.#logger[level](line);
    } catch {
      if (!hasThrown)
        process.emitWarning('The logger of the application throws; lines are lost.', 'EntraAuth');
      hasThrown = true;
    }
  }
}
