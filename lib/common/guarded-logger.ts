type Level = 'debug' | 'log' | 'warn' | 'error';

/** What writes a line to the application's log. Nest's `Logger` is one. */
export type LineLogger = Readonly<Record<Level, (line: string) => void>>;

let hasThrown = false;

/** Passes lines on to the application's logger. Drops a line when that throws. */
export class GuardedLogger implements LineLogger {
  readonly #logger: LineLogger;

  constructor(logger: LineLogger) {
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

/** Where no application has a logger: warnings and errors become warnings of the process. */
export const processLogger: LineLogger = {
  debug: () => undefined,
  log: () => undefined,
  warn: (line) => process.emitWarning(line, 'EntraAuthWarning'),
  error: (line) => process.emitWarning(line, 'EntraAuthWarning'),
};
