import { afterEach, expect, it, jest } from '@jest/globals';

import { GuardedLogger, processLogger } from '../../../lib/common/guarded-logger.js';

afterEach(() => void jest.restoreAllMocks());

it('lines reach the logger with their level', () => {
  const lines: string[] = [];
  const to = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  const logger = new GuardedLogger({
    debug: to('debug'),
    log: to('log'),
    warn: to('warn'),
    error: to('error'),
  });
  for (const level of ['debug', 'log', 'warn', 'error'] as const) logger[level](`a ${level}`);
  expect(lines).toEqual(['debug a debug', 'log a log', 'warn a warn', 'error a error']);
});

it('a logger that throws costs its lines, and one warning of the process', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const fail = (): never => {
    throw new Error('disk full');
  };
  const logger = new GuardedLogger({ debug: fail, log: fail, warn: fail, error: fail });
  for (const level of ['debug', 'log', 'warn', 'error'] as const) logger[level]('a line');
  expect(warn.mock.calls).toEqual([['The logger of the application throws; lines are lost.', 'EntraAuth']]);
});

it('where no application has a logger, warnings and errors are warnings of the process', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  for (const level of ['debug', 'log', 'warn', 'error'] as const) processLogger[level](level);
  expect(warn.mock.calls).toEqual([
    ['warn', 'EntraAuthWarning'],
    ['error', 'EntraAuthWarning'],
  ]);
});
