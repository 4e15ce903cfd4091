type Level = 'debug' | 'log' | 'warn' | 'error';

/** What writes a line, or what becomes one, to the application's log. Nest's `Logger` is one. */
export type LineLogger<T = string> = Readonly<Record<Level, (line: T | string) => void>>;

let hasThrown = false;

/**
 * Passes lines on to the application's logger. One that throws at an object gets its text; a line is dropped when it
 * throws at that too.
 */
export class GuardedLogger<T = string> implements LineLogger<T> {
  readonly #logger: LineLogger<T>;

  constructor(logger: LineLogger<T>) {
    this.#logger = logger;
  }

  debug(line: T | string): void {
    this.#write('debug', line);
  }

  log(line: T | string): void {
    this.#write('log', line);
  }

  warn(line: T | string): void {
    this.#write('warn', line);
  }

  error(line: T | string): void {
    this.#write('error', line);
  }

  #write(level: Level, line: T | string): void {
    try {
      this.#logger[level](line);
    } catch {
      if (typeof line !== 'string') return this.#write(level, String(line));
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
